/** Discord's own hosts, by https, with neither credentials nor port: a link that members may be shown and follow. */
const discordLink =
  /^https:\/\/(?:[a-z0-9-]+\.)*(?:discord\.com|discord\.gg|discordapp\.com)(?:[/?#][\x21-\x7e]*)?$/i;

export const DISCORD_LINK_MAX_CHARACTERS = 300;

/** @returns the link as it is stored and shown, or null when it leads elsewhere */
export function parseDiscordLink(input: string): string | null {
  const link = input.trim();
  if (!discordLink.test(link)) return null;
  const { href } = new URL(link);
  return href.length <= DISCORD_LINK_MAX_CHARACTERS ? href : null;
}
