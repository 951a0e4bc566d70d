import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../..');

describe('lint', () => {
  // A later block of the configuration replaces the rule of an earlier one, so one file for each block.
  const files = [
    'apps/control/src/auth/sign-in.ts',
    'apps/control/src/config.ts',
    'libs/shared/src/auth/proof.ts',
    'libs/shared/src/auth/proof.spec.ts',
    'test/e2e/wireguard-peer.ts',
    'scripts/start.mjs',
  ];
  const sample = `
    import { createPublicKey, generateKeyPairSync } from 'node:crypto';
    const { publicKey } = generateKeyPairSync('x25519');
    export const key = createPublicKey({ key: publicKey.export({ format: 'jwk' }), format: 'jwk' });
  `;

  it('refuses everywhere the calls that can lock a process', () => {
    const argv = [join(__dirname, 'broken-syntax.mjs'), ...files];
    const { stdout } = spawnSync(process.execPath, argv, { cwd: root, input: sample, encoding: 'utf8' });
    const messages = JSON.parse(stdout) as Record<string, string[]>;
    for (const file of files) {
      const refused = messages[file]?.flatMap(
        (text) => /JWK can lock|Node generates can lock/.exec(text) ?? [],
      );
      expect([file, new Set(refused)]).toEqual([file, new Set(['JWK can lock', 'Node generates can lock'])]);
    }
  }, 60_000);
});
