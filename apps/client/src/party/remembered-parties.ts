import { z } from 'zod';
import { nameField, partyIdField } from '#shared/api/fields';
import type { PartyId } from '#shared/party/identity';
import { isSameServer } from '#shared/party/invite';
import { homePaths, JsonFile } from '../home';

/** A party is forgotten when so many others came after it. */
const MOST_PARTIES = 10;

export const rememberedPartySchema = z.object({
  partyId: partyIdField,
  /** http(s) URL. */
  server: z.url({ protocol: /^https?$/ }),
  name: nameField,
  /** The player's own name there. */
  peerName: nameField,
});

export type RememberedParty = z.output<typeof rememberedPartySchema>;

/** The parties that this agent was in, with their servers, so that a player comes back without a link. Holds no secrets. */
export class RememberedParties {
  private readonly file: JsonFile<z.ZodArray<typeof rememberedPartySchema>>;

  /** @param home the state folder */
  constructor(home: string) {
    this.file = new JsonFile(homePaths(home).parties, z.array(rememberedPartySchema));
  }

  /** The latest first; none when the file is damaged. @throws LanrageError as inHome */
  list(): readonly RememberedParty[] {
    return this.file.read() ?? [];
  }

  /** @throws LanrageError HOME_FULL and the like */
  remember(party: RememberedParty): void {
    const [latest, ...before] = this.list();
    if (latest && JSON.stringify(latest) === JSON.stringify(party)) return;
    const others = [...(latest ? [latest] : []), ...before].filter((other) => !isSame(other, party));
    this.file.write([party, ...others].slice(0, MOST_PARTIES));
  }

  /** @param partyId absent: all @throws LanrageError HOME_FULL and the like */
  forget(partyId?: PartyId): void {
    if (partyId === undefined) this.file.delete();
    else this.file.write(this.list().filter((party) => party.partyId !== partyId));
  }
}

function isSame(one: RememberedParty, other: RememberedParty): boolean {
  return one.partyId === other.partyId && isSameServer(one.server, other.server);
}

/** The latest of these that has this id or name; without one, the latest. Pure. */
export function findRemembered(
  parties: readonly RememberedParty[],
  wanted: string | undefined,
): RememberedParty | undefined {
  if (wanted === undefined) return parties[0];
  const name = wanted.trim().toLowerCase();
  return parties.find((party) => party.partyId === name || party.name.toLowerCase() === name);
}
