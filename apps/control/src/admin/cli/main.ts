import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { examplesText, exitCodes, report } from '#runtime/command-line';
import { version } from '#runtime/version';
import { withQuery } from '#shared/api/rest-answer';
import { PARTY_ID_PATTERN, PEER_ID_PATTERN, peerIdOf } from '#shared/party/identity';
import { parsePublicKey } from '#shared/wireguard/key';
import {
  adminPartyDetailsSchema,
  adminPartyPageSchema,
  adminRelayListSchema,
  adminRelaySchema,
  drainedRelaySchema,
  serverBanPageSchema,
  serverBanSchema,
} from '../admin.api';
import { AdminClient } from './client';
import { readConfig } from './config';
import {
  renderBanned,
  renderBans,
  renderDrained,
  renderParties,
  renderParty,
  renderRelays,
  renderUndrained,
} from './rendering';

interface Options {
  readonly server?: string;
  readonly json?: boolean;
  readonly cursor?: string;
}

const nothing = z.undefined();

const program = new Command('lanrage-admin')
  .description('Administers a LANrage server; needs its LANRAGE_ADMIN_TOKEN.')
  .version(version, '-V, --version', 'show the version')
  .showHelpAfterError('(--help shows how)')
  .exitOverride();
const parties = program.command('parties').description('see and close parties');
const players = program.command('players').description('ban players from the server');
const relays = program.command('relays').description('see and drain relays');

verb(parties, 'list', 'list all parties, the newest first', [
  'list',
  'list quake',
  'list --json | jq .parties',
])
  .argument('[search]', 'part of the name, or the id')
  .option('--cursor <cursor>', 'the next page, as the previous one says')
  .action(async (search: string | undefined, options: Options) => {
    const path = withQuery('/parties', { search, cursor: options.cursor });
    const page = await clientOf(options).request('GET', path, adminPartyPageSchema);
    answer(options, page, renderParties(page, Date.now()));
  });

verb(parties, 'show', 'show a party and who is in it, with keys', ['show 4f0c2a91be77'])
  .argument('<party>', 'its id', partyId)
  .action(async (id: string, options: Options) => {
    const party = await clientOf(options).request('GET', `/parties/${id}`, adminPartyDetailsSchema);
    answer(options, party, renderParty(party, Date.now()));
  });

verb(parties, 'close', 'close a party; its players are told that the operator did', ['close 4f0c2a91be77'])
  .argument('<party>', 'its id', partyId)
  .action(async (id: string, options: Options) => {
    await clientOf(options).request('DELETE', `/parties/${id}`, nothing);
    answer(options, { closed: id }, `Closed: ${id}`);
  });

verb(players, 'list', 'list the banned players', ['list'])
  .option('--cursor <cursor>', 'the next page, as the previous one says')
  .action(async (options: Options) => {
    const path = withQuery('/bans', { cursor: options.cursor });
    const page = await clientOf(options).request('GET', path, serverBanPageSchema);
    answer(options, page, renderBans(page));
  });

verb(players, 'ban', 'ban a player from the server, by key', [
  'ban aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBrZXkgOiktKTM=',
])
  .argument('<key>', 'public key, see: lanrage-admin parties show', publicKey)
  .action(async (key: string, options: Options) => {
    const ban = await clientOf(options).request('POST', '/bans', serverBanSchema, { publicKey: key });
    answer(options, ban, renderBanned(ban));
  });

verb(players, 'unban', 'let a banned player use the server again', ['unban 0123456789abcdef'])
  .argument('<key>', 'public key or id, see: lanrage-admin players list', peerId)
  .action(async (id: string, options: Options) => {
    await clientOf(options).request('DELETE', `/bans/${id}`, nothing);
    answer(options, { unbanned: id }, `May come again: ${id}`);
  });

verb(relays, 'list', 'list the relays, their load and their health', ['list', 'list --json']).action(
  async (options: Options) => {
    const list = await clientOf(options).request('GET', '/relays', adminRelayListSchema);
    answer(options, list, renderRelays(list));
  },
);

verb(relays, 'drain', 'move all players off a relay, and let it take no more', ['drain fra-1'])
  .argument('<relay>', 'its id')
  .action(async (id: string, options: Options) => {
    const path = `/relays/${encodeURIComponent(id)}/drain`;
    const relay = await clientOf(options).request('POST', path, drainedRelaySchema);
    answer(options, relay, renderDrained(relay));
  });

verb(relays, 'undrain', 'let a relay take players again', ['undrain fra-1'])
  .argument('<relay>', 'its id')
  .action(async (id: string, options: Options) => {
    const path = `/relays/${encodeURIComponent(id)}/undrain`;
    const relay = await clientOf(options).request('POST', path, adminRelaySchema);
    answer(options, relay, renderUndrained(relay));
  });

void main();

async function main(): Promise<void> {
  try {
    await program.parseAsync();
    process.exitCode = exitCodes.done;
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** A subcommand with the options that all have. @param examples from its own name on */
function verb(group: Command, name: string, description: string, examples: readonly string[]): Command {
  const lines = examples.map((example) => `lanrage-admin ${group.name()} ${example}`);
  return group
    .command(name)
    .description(description)
    .option('--json', 'print JSON, errors included')
    .option('--server <url>', 'control plane (LANRAGE_SERVER)')
    .addHelpText('after', `\nIt needs LANRAGE_ADMIN_TOKEN.\n${examplesText(lines)}`);
}

function clientOf({ server }: Options): AdminClient {
  return new AdminClient(readConfig(server));
}

function answer({ json }: Options, value: object, text: string): void {
  console.log(json ? JSON.stringify(value) : text);
}

function partyId(text: string): string {
  if (PARTY_ID_PATTERN.test(text)) return text;
  throw new InvalidArgumentError('A party id is 12 characters, 0-9 and a-f.');
}

function publicKey(text: string): string {
  const key = parsePublicKey(text);
  if (key !== undefined) return key;
  throw new InvalidArgumentError('A public key is base64 of 32 bytes. See: lanrage-admin parties show');
}

function peerId(text: string): string {
  return PEER_ID_PATTERN.test(text) ? text : peerIdOf(publicKey(text));
}
