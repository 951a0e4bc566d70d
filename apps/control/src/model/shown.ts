/**
 * What older versions stored and this one would refuse, as it can be shown: what agents cannot read would cost every member
 * the whole party. Pure.
 */
import type { PartySettings } from '#shared/api/party';
import { parseDiscordLink } from '#shared/party/discord';
import { normalizeName } from '#shared/party/name';

/** @param id of what has the name, which stands in for one that is none */
export function shownName(name: string, id: string): string {
  return normalizeName(name) ?? id;
}

export function shownSettings(settings: PartySettings): PartySettings {
  const { discordUrl } = settings;
  return discordUrl === null ? settings : { ...settings, discordUrl: parseDiscordLink(discordUrl) };
}
