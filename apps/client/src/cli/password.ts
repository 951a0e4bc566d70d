import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { LanrageError } from '#shared/errors';
import { printable } from '#shared/terminal/text';
import { partyPasswordFrom } from '../config';
import { isOwnServer, plainTextWarning, withheldText, type PasswordDestination } from './password-rules';

const PROMPTS = 3;
const promptingCodes: readonly string[] = ['PASSWORD_REQUIRED', 'WRONG_PASSWORD', 'INVALID_PASSWORD'];

/** Where a password comes from, and where it goes. */
export interface PasswordUse extends PasswordDestination {
  /** Read it from stdin. */
  readonly fromStdin: boolean;
  /** The output is for programs, which read no warnings. */
  readonly json: boolean;
}

/** The password that a host sets: from stdin, the environment, or typed twice. @throws LanrageError PASSWORD_REQUIRED */
export async function newPassword(use: PasswordUse): Promise<string> {
  const password = (await givenPassword(use)) ?? (await typedTwice(use));
  warnOfPlainText(use);
  return password;
}

async function typedTwice(use: PasswordUse): Promise<string> {
  if (!canAsk()) {
    const usual = 'Give the password with --password-stdin or in LANRAGE_PARTY_PASSWORD.';
    throw new LanrageError('PASSWORD_REQUIRED', { message: isWithheld(use) ? withheldText(use) : usual });
  }
  const password = await ask('Password of the party: ');
  if ((await ask('Once more: ')) === password) return password;
  throw new LanrageError('INVALID_PASSWORD', { message: 'The two passwords differ. Try again.' });
}

/** Tries with the password that is given, if any, and then with what the player types. */
export async function withPassword<Result>(
  use: PasswordUse,
  attempt: (password: string | undefined) => Promise<Result>,
): Promise<Result> {
  let password = await givenPassword(use);
  if (password !== undefined) warnOfPlainText(use);
  for (let prompts = 0; ; prompts++) {
    try {
      return await attempt(password);
    } catch (error) {
      const isAsked = error instanceof LanrageError && promptingCodes.includes(error.code);
      if (!isAsked || prompts === PROMPTS || !canAsk()) throw isAsked ? explained(error, use) : error;
      if (password !== undefined) console.error(printable(error.message));
      else {
        warnOfPlainText(use);
        if (isWithheld(use)) console.error(withheldText(use));
      }
      password = await ask('Password of the party: ');
    }
  }
}

/** Says why a password that was set was not sent, in place of a bare PASSWORD_REQUIRED. */
function explained(error: LanrageError, use: PasswordUse): LanrageError {
  if (error.code !== 'PASSWORD_REQUIRED' || !isWithheld(use)) return error;
  return new LanrageError('PASSWORD_REQUIRED', { message: withheldText(use), cause: error });
}

async function givenPassword(use: PasswordUse): Promise<string | undefined> {
  if (use.fromStdin) return (await text(process.stdin)).replace(/\r?\n$/, '');
  return isOwnServer(use) ? partyPasswordFrom() : undefined;
}

function isWithheld(use: PasswordUse): boolean {
  return !use.fromStdin && !isOwnServer(use) && partyPasswordFrom() !== undefined;
}

function warnOfPlainText({ server, json }: PasswordUse): void {
  const warning = json ? null : plainTextWarning(server);
  if (warning !== null) console.error(warning);
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
