/**
 * What a browser hands to `lanrage open`: `lanrage://join/` and an invite link, percent-encoded (RFC 3986). Any page can make one, with
 * anything in it. Pure.
 */
import { parseInviteLink, type InviteLink } from '#shared/party/invite';

const scheme = /^lanrage:\/\/join\/(?<link>[\w.~%-]+)$/i;

/** @param text such a URL, or an invite link itself @returns null for anything else, as for what is no link */
export function parseOpenLink(text: string): { readonly text: string; readonly link: InviteLink } | null {
  const inner = linkIn(text.trim());
  const link = inner === null ? null : parseInviteLink(inner);
  return inner !== null && link ? { text: inner, link } : null;
}

function linkIn(text: string): string | null {
  if (!/^lanrage:/i.test(text)) return text;
  const { link } = scheme.exec(text)?.groups ?? {};
  if (link === undefined) return null;
  try {
    return decodeURIComponent(link);
  } catch {
    return null;
  }
}
