import { CommandLine } from '../../e2e/support/command-line';
import { ScriptedControl } from '../../e2e/support/scripted-control';
import { shareOf, type Attack } from '../attack';

/** Moves the cursor, sets the title and the clipboard, clears the screen, asks the terminal to type, turns text around. */
const escapes = [
  '\u001b[2J\u001b[H',
  '\u001b]0;title\u0007',
  '\u001b]52;c;cm0=\u0007',
  '\u001b[6n',
  '\u009b31m',
  '\u202E',
];

const refusal = (text: string) => ({
  status: 403,
  body: { error: { code: 'PARTY_NOT_FOUND', message: `No ${text}`, retryable: false } },
});
const party = { id: '0123456789ab', playerCount: 1, maxPeers: 8, hasPassword: false };

interface Saying {
  readonly args: readonly string[];
  answer(text: string): { status: number; body: unknown };
}

const sayings: readonly Saying[] = [
  { args: ['join', '0123456789ab'], answer: refusal },
  { args: ['parties'], answer: refusal },
  {
    args: ['parties'],
    answer: (text) => ({
      status: 200,
      body: { parties: [{ ...party, name: `a${text}b` }], nextCursor: null },
    }),
  },
  {
    args: ['parties'],
    answer: (text) => ({
      status: 200,
      body: { parties: [{ ...party, name: 'LAN' }], nextCursor: `1${text}` },
    }),
  },
  {
    args: ['netcheck'],
    answer: (text) => ({
      status: 200,
      body: { version: text, relays: [{ id: text, region: text, stunEndpoints: ['127.0.0.1:1029'] }] },
    }),
  },
];

/** A server writes to the player's terminal by what commands print of it. */
export const terminalEscapes: Attack = {
  name: 'terminal escapes',
  attacker: 'server',
  async play({ effort }) {
    const tries = sayings.flatMap((saying) => escapes.map((text) => ({ ...saying, text })));
    const played = shareOf(tries, effort);
    const server = await ScriptedControl.start();
    const cli = await CommandLine.open(server.url);
    let through = 0;
    try {
      for (const { args, answer, text } of played) {
        server.script = () => answer(text);
        const { stdout, stderr } = await cli.run(args);
        if (/(?!\n)[\p{Cc}\p{Cf}]/u.test(stdout + stderr)) through += 1;
      }
    } finally {
      await cli.close();
      await server.close();
    }
    return { tried: played.length, through };
  },
};
