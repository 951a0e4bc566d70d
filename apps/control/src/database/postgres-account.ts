import { execFile } from 'node:child_process';
import { chown } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ROOT = 0;
const ACCOUNT_NAME = 'postgres';

/** As whom PostgreSQL's programs run. */
export interface Account {
  /** Null: as ourselves. */
  readonly ids: Ids | null;
  /** Program and arguments to put before PostgreSQL's own; it changes the user then. */
  readonly prefix: readonly string[];
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root: for root its programs run as the system account `postgres`, made when missing,
 * which then owns `directory`. Where it may not pass to the files (in a checkout below /root), it is lent that right.
 *
 * @param program one of PostgreSQL's programs
 * @param directory an existing folder for its data
 */
export async function postgresAccount(program: string, directory: string): Promise<Account> {
  if (userInfo().uid !== ROOT) return { ids: null, prefix: [] };
  const ids = (await findAccount()) ?? (await makeAccount());
  await chown(directory, ids.uid, ids.gid);
  const canPass = (await passes(ids, '-x', program)) && (await passes(ids, '-w', directory));
  return canPass ? { ids, prefix: [] } : { ids: null, prefix: lendingPassage(ids) };
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

function lendingPassage({ uid, gid }: Ids): string[] {
  const right = '+dac_override';
  return [
    '/usr/bin/setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    `--inh-caps=${right}`,
    `--ambient-caps=${right}`,
  ];
}
