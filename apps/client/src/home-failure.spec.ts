import { LanrageError } from '#shared/errors';
import { homeFailure, inHome } from './home-failure';

const path = '/var/lib/lanrage/identity.key';
const failing = (code: string) => Object.assign(new Error(`${code}: it fails`), { code });

describe('what the system refuses in the state folder', () => {
  it.each([
    ['ENOSPC', 'HOME_FULL', "df -h '/var/lib/lanrage'"],
    ['EDQUOT', 'HOME_FULL', 'quota'],
    ['EROFS', 'HOME_READ_ONLY', 'dmesg'],
    ['EACCES', 'HOME_DENIED', 'sudo'],
    ['EPERM', 'HOME_DENIED', 'sudo'],
    ['ENAMETOOLONG', 'HOME_PATH_TOO_LONG', 'shorter'],
    ['EIO', 'HOME_UNUSABLE', 'EIO: it fails'],
    ['ENOTDIR', 'HOME_UNUSABLE', 'LANRAGE_HOME'],
  ])('%s is %s, with what to do', (errno, code, advice) => {
    const cause = failing(errno);
    const failure = homeFailure(path, cause);
    expect(failure).toBeInstanceOf(LanrageError);
    expect(failure).toMatchObject({ code, message: expect.stringContaining(advice), cause });
  });

  it('leaves other errors as they are', () => {
    const refusal = new LanrageError('AGENT_ALREADY_RUNNING');
    const bug = new TypeError('a mistake');
    const argument = Object.assign(new TypeError('a mistake'), { code: 'ERR_INVALID_ARG_TYPE' });
    for (const error of [refusal, bug, argument]) expect(homeFailure(path, error)).toBe(error);
  });

  it('is said of whatever is done there', () => {
    expect(inHome(path, () => 1)).toBe(1);
    expect(() => inHome(path, () => fail('ENOSPC'))).toThrow(LanrageError);
  });
});

function fail(code: string): never {
  throw failing(code);
}
