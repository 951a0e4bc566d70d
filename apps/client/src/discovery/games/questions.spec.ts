import { nextQuestion, questionsTo } from './questions';

const shown = (payload: Buffer) => ({ sourcePort: 27_015, destinationPort: 40_000, payload });
const portsOf = (carried: Parameters<typeof questionsTo>[0]) =>
  [...new Set(questionsTo(carried).map(({ port }) => port))].sort((one, other) => one - other);

describe('what machines of a party are asked', () => {
  it('is what lists of LAN games ask, a datagram each', () => {
    expect(portsOf('all')).toEqual(portsOf('games'));
    expect(portsOf('all')).toEqual(expect.arrayContaining([2_342, 3_979, 8_303, 19_132, 27_015, 27_960]));
    for (const { payload } of questionsTo('all')) {
      expect(payload.length).toBeGreaterThan(0);
      expect(payload.length).toBeLessThanOrEqual(520);
    }
  });

  it('is no more than the player lets games look for', () => {
    expect(portsOf([{ from: 27_961, to: 27_962 }])).toEqual([27_961, 27_962]);
    expect(questionsTo([{ from: 6_112, to: 6_112 }])).toEqual([]);
  });

  it('is asked again with the number that a Source server gives', () => {
    const challenge = Buffer.from('ffffffff41aabbccdd', 'hex');
    const next = nextQuestion(shown(challenge));
    expect(next?.toString('latin1')).toBe(
      `${Buffer.from('ffffffff', 'hex').toString('latin1')}TSource Engine Query\0\xaa\xbb\xcc\xdd`,
    );
  });

  it('is asked again with the token of a Teeworlds server, which has the one that it was given', () => {
    const next = nextQuestion(shown(Buffer.from('0400004c414e7205aabbccdd', 'hex')));
    expect(next?.toString('hex')).toBe('21aabbccdd4c414e72ffffffff6769653301');
    expect(nextQuestion(shown(Buffer.from('0400000000000005aabbccdd', 'hex')))).toBeUndefined();
  });

  it.each(['', '04', 'ffffffff49', '21aabbccdd'])('is nothing more after %s', (hex) => {
    expect(nextQuestion(shown(Buffer.from(hex, 'hex')))).toBeUndefined();
  });
});
