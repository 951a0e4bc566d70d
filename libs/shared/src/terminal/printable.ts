/** Text from elsewhere, unable to move a terminal's cursor or to reorder what stands around it. */
export function printable(text: string): string {
  // The two joiners that remain hold emoji and Persian words together.
  return text.replace(/[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|(?![\u200C\u200D])\p{Cf}/gu, '\uFFFD');
}
