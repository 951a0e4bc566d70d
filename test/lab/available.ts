import { spawnSync } from 'node:child_process';
import { release } from 'node:os';

const requiredTools = ['ip', 'nft', 'conntrack', 'ping', 'cc'];

/** Why no lab can be built on this machine, or null when one can. */
export function labAvailable(): string | null {
  if (process.platform !== 'linux') return 'needs Linux network namespaces';
  if (process.geteuid?.() !== 0) return 'needs root';
  const missing = requiredTools.filter((tool) => !isInstalled(tool));
  if (missing.length > 0) return `needs ${missing.join(', ')} (see test/lab/README.md)`;
  if (spawnSync('unshare', ['--net', 'true']).status !== 0)
    return 'needs the right to make network namespaces';
  return null;
}

/** `describe` for tests that need a lab. */
export function describeLab(name: string, tests: () => void): void {
  describeUnless(labUnavailable(), name, tests);
}

const [major = 0, minor = 0] = release().split('.').map(Number);
/** Whether the kernel takes the relay's program (by tcx, since Linux 6.6). */
export const isBpfKernel = process.platform === 'linux' && (major > 6 || (major === 6 && minor >= 6));

/** `describe` for tests that need a lab, and a kernel that takes the relay's program. */
export function describeBpfLab(name: string, tests: () => void): void {
  describeUnless(labUnavailable() ?? (isBpfKernel ? null : 'the kernel is older than 6.6'), name, tests);
}

/**
 * `describe` for tests that not every machine can run. Where it cannot they are skipped, with the reason in their title,
 * which `npm test` repeats in one line for all; with `CI=true` they fail instead.
 *
 * @param reason why this machine cannot; null: it can
 */
export function describeUnless(reason: string | null, name: string, tests: () => void): void {
  if (reason === null) {
    describe(name, tests);
  } else if (process.env.CI === 'true') {
    test(name, () => {
      throw new Error(reason);
    });
  } else {
    describe.skip(`${name} [skipped: ${reason}]`, tests);
  }
}

function labUnavailable(): string | null {
  const reason = labAvailable();
  return reason && `the lab ${reason}`;
}

export function isInstalled(tool: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
}
