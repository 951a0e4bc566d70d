import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeInviteLink, keyFingerprint } from '#shared/party/invite';
import { CommandLine } from '../../e2e/support/command-line';
import { alice, hostilePartyId } from '../../e2e/support/hostile-party';
import { ScriptedControl } from '../../e2e/support/scripted-control';
import type { Attack } from '../attack';

const PASSWORD = 'for my own server';
const OWN = 'http://203.0.113.1:8080';

/** How a player may have named its own server. */
const configurations: readonly ((cli: CommandLine) => Promise<NodeJS.ProcessEnv>)[] = [
  () => Promise.resolve({ LANRAGE_SERVER: OWN }),
  async (cli) => {
    await writeFile(join(cli.home, 'config.json'), JSON.stringify({ server: OWN }), { mode: 0o600 });
    return { LANRAGE_SERVER: '' };
  },
  () => Promise.resolve({ LANRAGE_SERVER: '' }),
];

/** A link leads to a server that says that the party needs a password, to be given the one of the environment. */
export const foreignPassword: Attack = {
  name: "another server's password",
  attacker: 'server',
  async play() {
    let through = 0;
    for (const configure of configurations) {
      const server = await ScriptedControl.start();
      const cli = await CommandLine.open(OWN);
      try {
        const code = 'PASSWORD_REQUIRED';
        server.script = () => ({
          status: 403,
          body: { error: { code, message: 'Say it.', retryable: false } },
        });
        const settings = await configure(cli);
        await cli.run(['join', linkTo(server.url), '--json'], {
          ...settings,
          LANRAGE_PARTY_PASSWORD: PASSWORD,
        });
        if (!server.requests.some((request) => request.endsWith('/join')))
          throw new Error('nobody asked to join');
        if (server.bodies.some((body) => body.includes(PASSWORD))) through += 1;
      } finally {
        await cli.close();
        await server.close();
      }
    }
    return { tried: configurations.length, through };
  },
};

function linkTo(server: string): string {
  const hostFingerprint = keyFingerprint(alice.publicKey);
  const secrets = { secret: randomBytes(16), partyKey: randomBytes(16), hostFingerprint };
  return encodeInviteLink({ server, partyId: hostilePartyId, sealed: false, ...secrets });
}
