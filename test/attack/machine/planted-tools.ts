import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../e2e/support/processes';
import type { Attack } from '../attack';

const tools = ['ip', 'wg', 'wireguard-go', 'nft', 'ping', 'sh', 'cat', 'node', 'id', 'dirname', 'readlink'];
const LIMIT_MS = 10_000;

/** How root starts LANrage; both play in a checkout whose folder above holds what an attacker put there. */
const commands = [
  [join(root, 'lanrage')],
  // What `npm link` makes of it.
  [process.execPath, join(root, 'bin/lanrage.mjs')],
];

/**
 * Programs of the tools' names in folders that PATH begins with, as npx and npm put there every node_modules/.bin on the
 * way up; and code that NODE_OPTIONS loads, which `sudo -E` hands on. Root must run none of it.
 */
export const plantedTools: Attack = {
  name: 'planted tools',
  attacker: 'local user',
  needs: 'lab',
  async play() {
    const scratch = await mkdtemp(join(tmpdir(), 'lanrage-attack-'));
    try {
      const marks = join(scratch, 'marks');
      const planted = await plant(scratch, marks);
      for (const [index, command] of commands.entries()) {
        // Only the launcher can keep Node from loading code.
        const options = index === 0 ? { NODE_OPTIONS: `--require ${join(planted, 'evil.cjs')}` } : {};
        const env = {
          PATH: `${planted}:${process.env.PATH}`,
          LANRAGE_HOME: join(scratch, 'home'),
          ...options,
        };
        await run([...command, 'create', 'Trap', '--server', 'http://127.0.0.1:1'], scratch, env);
      }
      const ran = await readdir(marks);
      return { tried: commands.length * tools.length + 1, through: ran.length, note: ran.join(' ') };
    } finally {
      await rm(scratch, { recursive: true });
    }
  },
};

async function plant(scratch: string, marks: string): Promise<string> {
  const planted = join(scratch, 'node_modules/.bin');
  await Promise.all([mkdir(planted, { recursive: true }), mkdir(marks)]);
  const scripts = tools.map((tool) =>
    writeFile(join(planted, tool), `#!/bin/bash\n: > ${join(marks, tool)}\nexit 1\n`, { mode: 0o755 }),
  );
  const code = `require('node:fs').writeFileSync(${JSON.stringify(join(marks, 'NODE_OPTIONS'))}, '')`;
  await Promise.all([...scripts, writeFile(join(planted, 'evil.cjs'), code)]);
  return planted;
}

/** In a network namespace of its own, where the agent may make what it wants. */
async function run(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn('/usr/bin/unshare', ['--net', ...command], {
    cwd,
    env,
    stdio: 'ignore',
    timeout: LIMIT_MS,
  });
  await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
}
