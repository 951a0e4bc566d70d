import { fragment, statement } from './sql';

describe('statement', () => {
  const of = (texts: TemplateStringsArray, ...parts: unknown[]) => statement(texts, parts);

  it('has numbers in place of values', () => {
    expect(of`SELECT ${'a'}, ${['b']}, ${null}`).toEqual({
      text: 'SELECT $1, $2, $3',
      values: ['a', ['b'], null],
    });
  });

  it('has the text of fragments in it, and of those in them', () => {
    const column = fragment`extract(epoch FROM at)`;
    const record = fragment`json_build_object('at', ${column}, 'most', ${3})`;
    expect(of`SELECT ${record} FROM t WHERE id = ${7}`).toEqual({
      text: `SELECT json_build_object('at', extract(epoch FROM at), 'most', 3) FROM t WHERE id = $1`,
      values: [7],
    });
  });

  it('never takes a value for text', () => {
    expect(of`SELECT ${`'; DROP TABLE parties --`}`).toEqual({
      text: 'SELECT $1',
      values: [`'; DROP TABLE parties --`],
    });
  });

  it('is called what the comment at its head says', () => {
    expect(of`
      /* party_by_id */
      SELECT ${1}`).toMatchObject({ name: 'party_by_id' });
    expect(of`SELECT 1 /* not_at_its_head */`).not.toHaveProperty('name');
  });
});
