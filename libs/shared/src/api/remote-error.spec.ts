import { remoteError } from './remote-error';

const refusal = (changes: object) =>
  remoteError({ code: 'RATE_LIMITED', message: 'Wait.', retryable: true, ...changes });

describe('a refusal of another process', () => {
  it.each([
    ['RATE_LIMITED', 'RATE_LIMITED'],
    ['OF_ANOTHER_VERSION', 'INTERNAL'],
    ['__proto__', 'INTERNAL'],
    ['constructor', 'INTERNAL'],
  ])('with the code %s is %s', (code, expected) => {
    expect(refusal({ code })).toMatchObject({ code: expected, message: 'Wait.' });
  });

  it('moves no cursor, sets no title, and turns no text around', () => {
    const { message } = refusal({ message: '\u001b[2J\u001b]0;title\u0007\r\n\u202Egnp.exe\u009b31m\u0000' });
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('is not long', () => {
    expect(refusal({ message: 'x'.repeat(1_000_000) }).message).toHaveLength(500);
  });

  it.each([
    [5, 5],
    [-5, 0],
    [3_601, 3_600],
    // Timers of Node take what is above 2^31 ms for 1 ms.
    [1e300, 3_600],
  ])('with a wait of %p s is one of %p s', (retryAfterSeconds, expected) => {
    expect(refusal({ retryAfterSeconds }).retryAfterSeconds).toBe(expected);
  });
});
