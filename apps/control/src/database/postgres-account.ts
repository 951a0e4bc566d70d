import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { StartError } from '../util/start-error';

const run = promisify(execFile);

const ROOT = 0;
const ACCOUNT_NAME = 'postgres';

/** As whom PostgreSQL's programs run. */
export interface Account {
  /** Null: as ourselves. */
  readonly ids: Ids | null;
  /** Program and arguments to put before PostgreSQL's own. */
  readonly prefix: readonly string[];
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root. For root its programs run as the system account `postgres`, made when missing,
 * which then owns the data. Where that account cannot reach the files, as in a checkout below /root, they run in a
 * user namespace instead: inside, we have the account's id; for the files, we are still root.
 *
 * @param program one of PostgreSQL's programs
 * @param directory an existing folder for its data
 * @throws StartError when there is no account under which they run
 */
export async function postgresAccount(program: string, directory: string): Promise<Account> {
  const uid = process.geteuid?.();
  if (uid !== ROOT && !isListed())
    throw new StartError(
      `error USER_UNKNOWN: PostgreSQL runs only for a user with a name, and the system's list (/etc/passwd) has none for ${uid}. ` +
        'Add one, or set DATABASE_URL to a PostgreSQL of yours.',
    );
  if (uid !== ROOT) return { ids: null, prefix: [] };
  const ids = (await findAccount()) ?? (await makeAccount());
  await own(directory, ids);
  if ((await passes(ids, '-x', program)) && (await passes(ids, '-w', directory))) return { ids, prefix: [] };

  await own(directory, { uid: ROOT, gid: ROOT });
  const prefix = ['/usr/bin/unshare', '--user', `--map-user=${ids.uid}`, `--map-group=${ids.gid}`, '--'];
  if ((await answerOf('/usr/bin/unshare', [...prefix.slice(1), 'true'])) !== null)
    return { ids: null, prefix };
  throw new StartError(
    `error POSTGRES_NEEDS_USER: PostgreSQL does not run as root, and the account ${ACCOUNT_NAME} cannot reach ${directory} and ${program}. ` +
      'Run LANrage from a folder that all may enter, or as an ordinary user, or set DATABASE_URL.',
  );
}

function isListed(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}

async function own(directory: string, { uid, gid }: Ids): Promise<void> {
  await run('chown', ['--recursive', `${uid}:${gid}`, directory]);
}

async function findAccount(): Promise<Ids | null> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => answerOf('id', [flag, ACCOUNT_NAME])));
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : null;
}

async function makeAccount(): Promise<Ids> {
  await run('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell=/usr/sbin/nologin',
    ACCOUNT_NAME,
  ]);
  const ids = await findAccount();
  if (!ids) throw new Error(`The account ${ACCOUNT_NAME} could not be made.`);
  return ids;
}

/** @param check of test(1) */
async function passes(ids: Ids, check: '-x' | '-w', path: string): Promise<boolean> {
  return (await answerOf('test', [check, path], ids)) !== null;
}

/** @returns what the program prints, or null when its answer is no (exit code 1) */
async function answerOf(program: string, args: string[], ids?: Ids): Promise<string | null> {
  try {
    return (await run(program, args, { cwd: '/', ...ids })).stdout;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return null;
    throw error;
  }
}
