/** Names of parties and peers: 1 to 50 characters after trim and NFC, at least one of them visible, none deceiving. */
export const NAME_MAX_CHARACTERS = 50;

/**
 * Control, surrogate and private-use characters, noncharacters, separators of lines and paragraphs, and all that Unicode
 * calls format or default-ignorable (UAX #44): invisible, or turning the direction of text. But for what spelling needs:
 * joiners (U+200C, U+200D), variation selectors, and the tags of flags.
 */
const forbidden =
  /[\p{Cc}\p{Cs}\p{Co}\p{Noncharacter_Code_Point}\p{Zl}\p{Zp}]|(?!\u200C|\u200D|\p{Variation_Selector}|[\u{E0020}-\u{E007F}])[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

/**
 * A joiner or variation selector where it does nothing: not after a letter, mark, number or symbol, after a Latin letter,
 * or a joiner with nothing of the kind after it.
 */
const straySpelling =
  /(?<![\p{M}\p{N}\p{S}\p{Cn}\p{Emoji}]|(?!\p{Script=Latin})\p{L})(?:\u200C|\u200D|\p{Variation_Selector})|(?:\u200C|\u200D)(?![\p{L}\p{M}\p{N}\p{S}\p{Cn}\p{Emoji}])/u;

/** Tags spell the flags of regions, after a black flag and up to the end tag (UTS #51, ED-14a). */
const flags = /\u{1F3F4}[\u{E0020}-\u{E007E}]{1,8}\u{E007F}/gu;
const tags = /[\u{E0020}-\u{E007F}]/u;

/**
 * Something to see: no mark, which needs a letter below it, no space, and not the empty Braille pattern. What this
 * version of Unicode has not assigned (Cn) may be a letter in the next one, which the other side of a connection has.
 */
const visible = /[\p{L}\p{N}\p{P}\p{S}\p{Cn}]/u;
const blank = /[\u2800\p{Default_Ignorable_Code_Point}]/gu;

/** @returns the name as it is stored and shown, or null when it is none. Characters are code points. */
export function normalizeName(input: string): string | null {
  const name = input.normalize('NFC').trim();
  const characters = [...name].length;
  if (characters < 1 || characters > NAME_MAX_CHARACTERS || forbidden.test(name)) return null;
  if (straySpelling.test(name) || tags.test(name.replace(flags, ''))) return null;
  return visible.test(name.replace(blank, '')) ? name : null;
}
