import { Argument, InvalidArgumentError, type Command } from 'commander';
import { contextOf, type CommonOptions } from './context';
import type { SetOptions } from './hosting';

/** What main.ts gives each verb. */
export interface Frame {
  readonly verb: (name: string, description: string, examples: readonly string[]) => Command;
  readonly wholeNumber: (text: string) => number;
  readonly playerCount: (text: string) => number;
}

const peerArgument = ['<peer>', 'name, address or id, see: lanrage status'] as const;

/** The verbs for hosts and owners. */
export function addHostingVerbs({ verb, playerCount }: Frame): void {
  verb('set', 'change the party: name, size, lock, list, password, host, owner', [
    'lanrage set --name "Finals" --max-players 8',
    'lanrage set --locked --no-public',
    'lanrage set --password          # asks for it',
    'lanrage set --no-password',
    'lanrage set --host Bob',
    'lanrage set --persistent --owner Bob',
  ])
    .option('--name <name>', 'another name for the party')
    .option('--max-players <count>', 'how many may play; nobody is removed', playerCount)
    .option('--locked', 'no new players may join')
    .option('--no-locked', 'everybody with the id may join')
    .option('--public', 'show it in: lanrage parties')
    .option('--no-public', 'show it to nobody')
    .option('--password', 'ask for a password that players need to join')
    .option('--password-stdin', 'read that password from stdin')
    .option('--no-password', 'remove the password')
    .option('--persistent', 'keep the party when everybody is gone (owner)')
    .option('--no-persistent', 'end it when everybody is gone (owner)')
    .option('--host <peer>', 'make another player the host')
    .option('--owner <peer>', 'give the party to somebody else (owner)')
    .action(async (options: CommonOptions & SetOptions & Record<string, unknown>, command: Command) => {
      const { set, changesSomething } = await import('./hosting.js');
      if (!changesSomething(options)) command.error('error: nothing to set (--help shows how)');
      await set(contextOf(options), options);
    });

  for (const [name, locked, what] of [
    ['lock', true, 'let no new players into the party'],
    ['unlock', false, 'let everybody with the id into the party'],
  ] as const) {
    verb(name, what, [`lanrage ${name}`]).action(async (options: CommonOptions) =>
      (await import('./hosting.js')).change(contextOf(options), { locked }),
    );
  }

  verb('kick', 'remove a player, who may come back', ['lanrage kick Bob', 'lanrage kick 10.66.3.7'])
    .argument(...peerArgument)
    .action(async (peer: string, options: CommonOptions) =>
      (await import('./hosting.js')).kick(contextOf(options), peer),
    );

  verb('ban', 'ban a player, by key', ['lanrage ban Bob', 'lanrage ban 0123456789abcdef'])
    .argument(...peerArgument)
    .action(async (peer: string, options: CommonOptions) =>
      (await import('./hosting.js')).ban(contextOf(options), peer),
    );

  verb('unban', 'let a banned player join again', ['lanrage unban Bob', 'lanrage unban 0123456789abcdef'])
    .argument('<peer>', 'name or id, see: lanrage bans')
    .action(async (peer: string, options: CommonOptions) =>
      (await import('./hosting.js')).unban(contextOf(options), peer),
    );

  verb('bans', 'list the banned players', ['lanrage bans', 'lanrage bans --json']).action(
    async (options: CommonOptions) => (await import('./hosting.js')).bans(contextOf(options)),
  );

  verb('close', 'end the party for everybody (owner)', ['lanrage close', 'lanrage close 4f0c2a91be77'])
    .argument('[party]', 'id of a party that you are not in, see: lanrage parties --mine')
    .action(async (partyId: string | undefined, options: CommonOptions) =>
      (await import('./hosting.js')).close(contextOf(options), partyId),
    );

  verb('parties', 'list the public parties of the server, or your own', [
    'lanrage parties',
    'lanrage parties quake --json',
    'lanrage parties --mine',
  ])
    .argument('[search]', 'part of the name')
    .option('--cursor <cursor>', 'the next page, as the previous one says')
    .option('--mine', 'the persistent parties that you own')
    .action(
      async (
        search: string | undefined,
        options: CommonOptions & { cursor?: string; mine?: boolean },
        command: Command,
      ) => {
        const { ownedParties, parties } = await import('./parties.js');
        if (!options.mine) return parties(contextOf(options), search, options.cursor);
        if (search === undefined && options.cursor === undefined) return ownedParties(contextOf(options));
        return command.error('error: --mine lists them all (--help shows how)');
      },
    );

  verb('nick', 'change your name in the party', ['lanrage nick Robert'])
    .argument('<name>', 'the name that others see')
    .action(async (name: string, options: CommonOptions) =>
      (await import('./hosting.js')).nick(contextOf(options), name),
    );

  verb('state', 'what the players share, for games and tools', [
    'lanrage state list',
    'lanrage state get map',
    'lanrage state set map de_dust2',
    'lanrage state set map de_inferno --version 7    # only if it is at 7',
    'lanrage state remove map',
  ])
    .addArgument(new Argument('<action>').choices(['list', 'get', 'set', 'remove']))
    .argument('[key]', '1 to 64 characters')
    .argument('[value]', 'text, such as JSON; at most 64 kB in total')
    .option(
      '--version <version>',
      'only if the key is at this version; 0: only if it does not exist',
      version,
    )
    .action(
      async (
        action: string,
        key: string | undefined,
        value: string | undefined,
        options: CommonOptions & { version?: number },
        command: Command,
      ) => {
        const { listState, getState, writeState } = await import('./state.js');
        const context = contextOf(options);
        if (action === 'list') return listState(context);
        if (key === undefined) return command.error(`error: ${action} needs a key (--help shows how)`);
        if (action === 'get') return getState(context, key);
        if (action === 'remove') return writeState(context, key, undefined, options.version);
        if (value === undefined) return command.error('error: set needs a value (--help shows how)');
        return writeState(context, key, value, options.version);
      },
    );

  verb('discord', 'show or set the link for voice and screen sharing', [
    'lanrage discord',
    'lanrage discord https://discord.gg/abc123',
    'lanrage discord --remove',
  ])
    .argument('[url]', 'an https link to Discord')
    .option('--remove', 'remove the link')
    .action(async (url: string | undefined, options: CommonOptions & { remove?: boolean }) =>
      (await import('./hosting.js')).discord(contextOf(options), url, options.remove === true),
    );
}

function version(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It has to be a whole number.');
}
