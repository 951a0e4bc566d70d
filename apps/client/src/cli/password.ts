import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { LanrageError } from '#shared/errors';
import { partyPasswordFrom } from '../config';

const PROMPTS = 3;
const promptingCodes: readonly string[] = ['PASSWORD_REQUIRED', 'WRONG_PASSWORD', 'INVALID_PASSWORD'];

/** The password that a host sets: from stdin, the environment, or typed twice. @throws LanrageError PASSWORD_REQUIRED */
export async function newPassword(fromStdin: boolean): Promise<string> {
  const given = await givenPassword(fromStdin);
  if (given !== undefined) return given;
  if (!canAsk())
    throw new LanrageError('PASSWORD_REQUIRED', {
      message: 'Give the password with --password-stdin or in LANRAGE_PARTY_PASSWORD.',
    });
  const password = await ask('Password of the party: ');
  if ((await ask('Once more: ')) === password) return password;
  throw new LanrageError('INVALID_PASSWORD', { message: 'The two passwords differ. Try again.' });
}

/** Tries with the password that is given, if any, and then with what the player types. */
export async function withPassword<Result>(
  fromStdin: boolean,
  attempt: (password: string | undefined) => Promise<Result>,
): Promise<Result> {
  let password = await givenPassword(fromStdin);
  for (let prompts = 0; ; prompts++) {
    try {
      return await attempt(password);
    } catch (error) {
      const isAsked = error instanceof LanrageError && promptingCodes.includes(error.code);
      if (!isAsked || prompts === PROMPTS || !canAsk()) throw error;
      if (password !== undefined) console.error(error.message);
      password = await ask('Password of the party: ');
    }
  }
}

async function givenPassword(fromStdin: boolean): Promise<string | undefined> {
  return fromStdin ? (await text(process.stdin)).replace(/\r?\n$/, '') : partyPasswordFrom();
}

function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Reads a line that does not show. @throws LanrageError PASSWORD_REQUIRED on Ctrl-C and Ctrl-D */
function ask(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write(question);
  return new Promise<string>((resolve, reject) => {
    reader.once('line', resolve);
    reader.once('SIGINT', () => reader.close());
    reader.once('close', () => reject(new LanrageError('PASSWORD_REQUIRED')));
  }).finally(() => {
    reader.close();
    process.stderr.write('\n');
  });
}
