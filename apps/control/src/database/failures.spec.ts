import { isDatabaseAway, violatedConstraint } from './failures';

const failure = (message: string, facts: object = {}) => Object.assign(new Error(message), facts);

describe('a database that is away', () => {
  it.each([
    failure('write EPIPE', { code: 'EPIPE', errno: -32, syscall: 'write' }),
    failure('connect ENOENT /data/.s.PGSQL.5432', { code: 'ENOENT' }),
    failure('terminating connection due to administrator command', { code: '57P01' }),
    failure('Connection terminated unexpectedly'),
    failure('Client has encountered a connection error and is not queryable'),
    failure('Client was closed and is not queryable'),
    failure('Query read timeout'),
    failure('Transaction API error', { code: 'P2028' }),
  ])('is told by: %s', (error) => {
    expect(isDatabaseAway(error)).toBe(true);
  });

  it.each([
    failure('syntax error at or near "SELEC"', { code: '42601' }),
    failure('duplicate key', { code: '23505', constraint: 'parties_pkey' }),
    failure('Cannot read properties of undefined'),
    'write EPIPE',
    null,
  ])('is not told by: %s', (error) => {
    expect(isDatabaseAway(error)).toBe(false);
  });
});

describe('a violated constraint', () => {
  it('is told by its name', () => {
    expect(violatedConstraint(failure('duplicate key', { code: '23505', constraint: 'parties_pkey' }))).toBe(
      'parties_pkey',
    );
    expect(violatedConstraint(failure('not null', { code: '23502', constraint: 'x' }))).toBeNull();
    expect(violatedConstraint(failure('away'))).toBeNull();
  });
});
