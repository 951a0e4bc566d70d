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

  const texts = `
    /** Of the first byte. */
    const a = 1;
    /**
     * The same, later.
     */
    // What whoever asks is told.
    const b = a;
    // One comment on two lines, which tells
    // of a rule. The same one.
    export const c = b;
  `;
  let messages: Record<string, string[]>;

  beforeAll(() => {
    const argv = [join(__dirname, 'broken-syntax.mjs'), ...files];
    const input = sample + texts;
    const { stdout } = spawnSync(process.execPath, argv, { cwd: root, input, encoding: 'utf8' });
    messages = JSON.parse(stdout) as Record<string, string[]>;
  }, 60_000);

  it('refuses everywhere the calls that can lock a process', () => {
    for (const file of files) {
      const refused = messages[file]?.flatMap(
        (text) => /JWK can lock|Node generates can lock/.exec(text) ?? [],
      );
      expect([file, new Set(refused)]).toEqual([file, new Set(['JWK can lock', 'Node generates can lock'])]);
    }
  });

  it('refuses everywhere comments that need their neighbours', () => {
    for (const file of files) {
      const fragments = messages[file]?.filter((text) => text.startsWith('Begin the comment'));
      const whoever = messages[file]?.filter((text) => text.startsWith('Name who it is'));
      expect([file, fragments?.length, whoever?.length]).toEqual([file, 2, 1]);
    }
  });
});
