import { chmod, chown, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandLine } from '../../e2e/support/command-line';
import type { Attack } from '../attack';

const USER = 65_534;
/** Process ids are given out in order, so that the next ones can be guessed. */
const GUESSED_PIDS = 64;

/** Makes a state folder below `parent` that a user can change. */
type Trap = (parent: string) => Promise<string>;

const traps: readonly Trap[] = [
  async (parent) => owned(join(parent, 'of-a-user')),
  async (parent) => {
    const home = await folder(join(parent, 'for-a-group'));
    await chmod(home, 0o770);
    return home;
  },
  async (parent) => {
    const home = await folder(join(parent, 'for-all'));
    await chmod(home, 0o1777);
    return home;
  },
  async (parent) => folder(join(await owned(join(parent, 'above')), 'below')),
  async (parent) => {
    const link = join(await owned(join(parent, 'links')), 'link');
    await symlink(await folder(join(parent, 'target')), link);
    return link;
  },
];

/** Root's agent in a folder that a user can change: it would obey that user. */
export const untrustedHome: Attack = {
  name: "root's agent in a user's folder",
  attacker: 'local user',
  needs: 'lab',
  play: () =>
    inScratch(async (scratch) => {
      let through = 0;
      for (const trap of traps) if (!(await isRefused(await trap(scratch)))) through++;
      return { tried: traps.length, through };
    }),
};

/** Symbolic links where the agent is about to write: what they lead to must not change. */
export const symbolicLinks: Attack = {
  name: 'symbolic links in the state folder',
  attacker: 'local user',
  needs: 'lab',
  play: () =>
    inScratch(async (scratch) => {
      const victim = join(scratch, 'victim');
      await writeFile(victim, 'precious');
      const home = await folder(join(scratch, 'home'));
      const names = ['agent.lock', 'journal.json', 'membership.json', 'party-keys.json'];
      const pids = Array.from({ length: GUESSED_PIDS }, (_, index) => process.pid + index);
      const guesses = names.flatMap((name) => pids.map((pid) => `${name}.${pid}`));
      const links = [...names, ...guesses].map((name) => symlink(victim, join(home, name)));
      await Promise.all(links);
      await runAgent(home);
      const isIntact = (await readFile(victim, 'utf8')) === 'precious';
      return { tried: links.length, through: isIntact ? 0 : 1 };
    }),
};

async function isRefused(home: string): Promise<boolean> {
  const { stderr } = await runAgent(home);
  return stderr.includes('"HOME_NOT_SAFE"') && stderr.includes(home.split('/').slice(0, 4).join('/'));
}

/** `lanrage agent`, for a moment. */
async function runAgent(home: string) {
  const command = await CommandLine.open('http://127.0.0.1:1');
  try {
    const { child, output } = command.start(['agent', '--json'], { LANRAGE_HOME: home });
    child.stdout.once('data', () => child.kill('SIGTERM'));
    await new Promise((resolve) => child.on('close', resolve));
    return output;
  } finally {
    await command.close();
  }
}

async function folder(path: string): Promise<string> {
  await mkdir(path, { mode: 0o700 });
  return path;
}

async function owned(path: string): Promise<string> {
  await folder(path);
  await chown(path, USER, USER);
  return path;
}

async function inScratch<Result>(work: (scratch: string) => Promise<Result>): Promise<Result> {
  const scratch = await mkdtemp(join(tmpdir(), 'lanrage-attack-'));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true });
  }
}
