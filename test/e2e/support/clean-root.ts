import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled, labAvailable } from '../../lab/available';
import { collectOutput, end, until } from './processes';

/**
 * The machine that is made in the folder $0: the programs of this one, without Node and what is not of a package, and nothing of
 * its files. What is installed there is gone with it.
 */
const SCRIPT = `
set -e
mount -t tmpfs -o mode=755 tmpfs "$0" && cd "$0"
mkdir -p usr etc dev/net dev/shm proc sys run tmp root .usr/new .usr/work var/lib/dpkg/info var/lib/dpkg/updates var/log
mount -t overlay -o lowerdir=/usr,upperdir="$0/.usr/new",workdir="$0/.usr/work" overlay usr
rm -rf usr/local usr/bin/node usr/bin/nodejs && mkdir usr/local
for name in bin sbin lib lib32 lib64 libx32; do if [ -L /$name ]; then cp -P /$name .; fi; done
for name in alternatives ld.so.cache ld.so.conf ld.so.conf.d nsswitch.conf login.defs; do
  if [ -e /etc/$name ]; then cp -a /etc/$name etc; fi
done
printf 'root:x:0:0::/root:/bin/sh\\n' > etc/passwd
printf 'root:x:0:\\n' > etc/group
mount -t proc proc proc
chmod 1777 tmp
mount -t tmpfs -o mode=1777 tmpfs dev/shm
for name in null zero full random urandom tty; do mount --bind /dev/$name $(touch dev/$name && echo dev/$name); done
mknod -m 666 dev/net/tun c 10 200
ln -s /run var/run
cp /var/lib/dpkg/status var/lib/dpkg
touch var/lib/dpkg/available
echo ready
exec sleep infinity`;

/** Why no clean machine can be made here; null: it can be. */
export function cleanRootUnavailable(): string | null {
  const reason = labAvailable();
  if (reason) return reason;
  const missing = ['dpkg', 'dpkg-deb', 'setpriv', 'deb-systemd-helper'].filter((tool) => !isInstalled(tool));
  if (missing.length > 0) return `needs ${missing.join(', ')}`;
  if (!existsSync('/var/lib/dpkg/status')) return 'needs a system that dpkg looks after';
  const mount =
    'mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir a b c && mount -t overlay -o lowerdir=/usr,upperdir=a,workdir=b overlay c';
  const { status } = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', mount]);
  return status === 0 ? null : 'needs overlay file systems';
}

/** A machine on which nothing of this checkout is, beside this one: the same kernel, and other files. */
export class CleanRoot {
  private constructor(
    readonly folder: string,
    private readonly holder: ChildProcess,
  ) {}

  static async make(): Promise<CleanRoot> {
    const folder = await mkdtemp(join(tmpdir(), 'lanrage-root-'));
    const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', SCRIPT, folder]);
    const output = collectOutput(holder);
    await until('the clean root is ready', () => {
      if (holder.exitCode !== null) throw new Error(`no clean root: ${output.stderr}`);
      return output.stdout.includes('ready');
    });
    return new CleanRoot(folder, holder);
  }

  /** Has the command that follows run on that machine, in the network of the caller, with these variables alone. */
  wrapper(variables: Readonly<Record<string, string>> = {}): readonly string[] {
    const enter = ['nsenter', `--mount=/proc/${this.holder.pid}/ns/mnt`, '--', 'chroot', this.folder];
    const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
    return [
      ...enter,
      '/usr/bin/env',
      '-i',
      ...Object.entries({ PATH, ...variables }).map((pair) => pair.join('=')),
    ];
  }

  /** Runs a command there to its end. @returns what it printed @throws Error when it fails */
  run(...command: string[]): string {
    const [program = '', ...args] = [...this.wrapper(), ...command];
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command.join(' ')} → ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  /** The path of one of its files for programs of this machine. */
  pathOf(path: string): string {
    return join(`/proc/${this.holder.pid}/root`, this.folder, path);
  }

  async remove(): Promise<void> {
    await end(this.holder, 'SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}
