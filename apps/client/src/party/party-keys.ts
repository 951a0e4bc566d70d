import { z } from 'zod';
import { bytesField, partyIdField } from '#shared/api/fields';
import type { PartyId } from '#shared/party/identity';
import { PARTY_KEY_BYTES } from '#shared/party/invite';
import { JsonFile } from '../home';
import { damagedFile } from '../home-failure';
import type { PartyTrust } from './vouching';

/** A party is forgotten when so many others came after it. */
const MOST_PARTIES = 100;

const recordSchema = z.array(
  z.object({ partyId: partyIdField, key: z.base64(), sealed: z.boolean() }).strict(),
);
const keyField = bytesField(PARTY_KEY_BYTES);

/** The party keys that this agent made or was given by links, so that it knows them when it comes back. */
export class PartyKeys {
  private readonly file: JsonFile<typeof recordSchema>;

  constructor(path: string) {
    this.file = new JsonFile(path, recordSchema);
  }

  trustIn(partyId: PartyId): PartyTrust {
    const record = this.records().find((other) => other.partyId === partyId);
    const key = record && keyField.safeParse(record.key).data;
    return { key: key ?? null, sealed: record?.sealed ?? false };
  }

  remember(partyId: PartyId, key: Buffer, sealed: boolean): void {
    const others = this.records().filter((other) => other.partyId !== partyId);
    const record = { partyId, key: key.toString('base64'), sealed };
    this.file.write([record, ...others].slice(0, MOST_PARTIES));
  }

  /** Guesses nothing where the file is damaged: that a party is sealed would be forgotten. @throws LanrageError HOME_FILE_DAMAGED */
  private records(): z.output<typeof recordSchema> {
    const records = this.file.read();
    if (!records && this.file.isThere())
      throw damagedFile(
        this.file.path,
        'Put the right one back, or delete it, and enter sealed parties by their invite links again.',
      );
    return records ?? [];
  }
}
