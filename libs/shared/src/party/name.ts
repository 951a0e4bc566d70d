/** Names of parties and peers: 1 to 50 characters after trim and NFC, nothing invisible that controls text. */
export const NAME_MAX_CHARACTERS = 50;

/** Control, format (bidi overrides included), surrogate, private-use, line and paragraph separators. */
const forbidden =
  /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u061C\u200B\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF]/u;

/** @returns the name as it is stored and shown, or null when it is none. Characters are code points. */
export function normalizeName(input: string): string | null {
  const name = input.normalize('NFC').trim();
  const characters = [...name].length;
  if (characters < 1 || characters > NAME_MAX_CHARACTERS || forbidden.test(name)) return null;
  return name;
}
