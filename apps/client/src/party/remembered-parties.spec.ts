import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PartyId } from '#shared/party/identity';
import { findRemembered, RememberedParties, type RememberedParty } from './remembered-parties';

const party = (id: string, name: string, server = 'http://192.0.2.1:8080/'): RememberedParty => ({
  partyId: id.repeat(12) as PartyId,
  server,
  name,
  peerName: 'Bob',
});
const lan = party('a', 'LAN');
const club = party('b', 'Club');

describe('remembered parties', () => {
  let home: string;
  let parties: RememberedParties;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'lanrage-parties-'));
    parties = new RememberedParties(home);
  });

  afterEach(() => rmSync(home, { recursive: true }));

  it('are kept for the next agent, the latest first, each once', () => {
    for (const one of [lan, club, { ...lan, name: 'New name' }]) parties.remember(one);
    expect(new RememberedParties(home).list()).toEqual([{ ...lan, name: 'New name' }, club]);
    expect(statSync(join(home, 'parties.json')).mode & 0o777).toBe(0o600);
  });

  it('are told apart by their servers, too', () => {
    const elsewhere = party('a', 'LAN', 'https://lan.example/');
    for (const one of [lan, elsewhere]) parties.remember(one);
    expect(parties.list()).toEqual([elsewhere, lan]);
  });

  it('are few', () => {
    for (const id of '0123456789abcdef') parties.remember(party(id, id));
    expect(parties.list().map(({ name }) => name)).toEqual([...'fedcba9876']);
  });

  it('are forgotten one by one, or all', () => {
    for (const one of [lan, club]) parties.remember(one);
    parties.forget(lan.partyId);
    expect(parties.list()).toEqual([club]);
    parties.forget();
    expect(parties.list()).toEqual([]);
  });

  it('are none where the file is damaged, and can be remembered again', () => {
    writeFileSync(join(home, 'parties.json'), '[{"partyId":"x"}]');
    expect(parties.list()).toEqual([]);
    parties.remember(lan);
    expect(JSON.parse(readFileSync(join(home, 'parties.json'), 'utf8'))).toEqual([lan]);
  });

  it.each([
    [undefined, lan],
    ['club', club],
    ['b'.repeat(12), club],
    ['other', undefined],
  ])('are found by %s', (wanted, found) => {
    expect(findRemembered([lan, club], wanted)).toBe(found);
  });
});
