import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { LanrageError } from '#shared/errors';
import { replaceablePart } from '../trusted-path';

/**
 * Where system tools are looked for. PATH says nothing here: the agent runs as root, and PATH may begin with a folder that
 * somebody else can write to.
 */
const folders = [
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/run/current-system/sw/bin',
];

/** Debian's, where the name differs from the tool's. */
const packages: Record<string, string> = {
  ip: 'iproute2',
  nft: 'nftables',
  wg: 'wireguard-tools',
  ping: 'iputils-ping',
  'notify-send': 'libnotify-bin',
};

const found = new Map<string, string>();
let trustedFolders: readonly string[] | undefined;

/** The absolute path of a system tool that only root can replace. @throws LanrageError WIREGUARD_MISSING without it */
export function toolPath(name: string): string {
  const known = found.get(name);
  if (known) return known;
  const path = trusted()
    .map((folder) => join(folder, name))
    .find((candidate) => isExecutable(candidate) && !replaceablePart(candidate));
  if (!path) throw missingTool(name);
  found.set(name, path);
  return path;
}

/** The whole environment of the tools. The agent's own may hold what changes how they work. */
export function toolEnvironment(settings: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: trusted().join(':'), LC_ALL: 'C', ...settings };
}

export function missingTool(name: string, cause?: unknown): LanrageError {
  return new LanrageError('WIREGUARD_MISSING', {
    message: `The command "${name}" was not found where only root can write, such as /usr/bin. Install it: apt-get install ${packages[name] ?? name}`,
    cause,
  });
}

function trusted(): readonly string[] {
  trustedFolders ??= folders.filter((folder) => !replaceablePart(folder));
  return trustedFolders;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
