/** Lists in pages, the newest first: a cursor names the last row of the page before, by its time and its id. */

interface Row {
  readonly atMs: number;
  readonly id: string;
}

/** Digits are milliseconds since 1970, then an id of ours. */
export const CURSOR_PATTERN = /^\d{1,15}-[0-9a-f]{12,16}$/;

/** What a page comes after; nulls for the first one. */
export function afterCursor(cursor: string | undefined): {
  beforeMs: string | null;
  beforeId: string | null;
} {
  const [beforeMs = null, beforeId = null] = cursor?.split('-') ?? [];
  return { beforeMs, beforeId };
}

/** @param rows one more than a page holds, if there are so many */
export function toPage<Item extends Row>(
  rows: readonly Item[],
  perPage: number,
): { items: Item[]; nextCursor: string | null } {
  const items = rows.slice(0, perPage);
  const last = rows.length > items.length ? items.at(-1) : undefined;
  return { items, nextCursor: last ? `${last.atMs}-${last.id}` : null };
}

/** A text as the part of a LIKE pattern that means the text itself. */
export function literal(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
