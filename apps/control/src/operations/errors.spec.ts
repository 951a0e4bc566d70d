import { errorBody } from '#shared/api/remote-error';
import { invalidInput } from './errors';

const codeOf = (...path: string[]): string =>
  errorBody(invalidInput([{ message: 'wrong', path }])).error.code;

describe('the refusal of malformed input', () => {
  it('has the code of the field, and else names the field', () => {
    expect(codeOf('settings', 'name')).toBe('INVALID_NAME');
    expect(codeOf('natType')).toBe('INVALID_REQUEST');
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'takes a field %s for what it is',
    (field) => {
      expect(codeOf('relayRoundTripsMs', field)).toBe('INVALID_REQUEST');
    },
  );
});
