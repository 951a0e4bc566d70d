import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { examplesText, exitCodes, report } from '#runtime/command-line';
import { version } from '#runtime/version';
import { PARTY_SIZE_LIMITS } from '#shared/api/rest';
import { commandsOf, completionScript, shells, type Shell } from './completion';
import { contextOf, rendered, type CommonOptions } from './context';
import type { PasswordOptions } from './enter';
import { addHostingVerbs } from './hosting-verbs';
import { addInviteVerbs } from './invite-verbs';

interface Options extends CommonOptions {
  as?: string;
  leave?: boolean;
}

interface CreateFlags extends PasswordOptions {
  maxPlayers?: number;
  locked?: boolean;
  public?: boolean;
  persistent?: boolean;
  sealed?: boolean;
  discord?: string;
  network?: string;
}

interface HostFlags extends PasswordOptions {
  maxPlayers: number;
  keep?: boolean;
}

/** Each player of a hosted party takes two ports of a home router, which has not many. */
const MOST_HOSTED = 32;
const DEFAULT_HOSTED = 8;

const program = new Command('lanrage')
  .description('One encrypted virtual LAN for you and your friends, wherever you are.')
  .version(version, '-V, --version', 'show the version')
  .helpOption('-h, --help', 'show this help')
  // All have options.
  .configureHelp({ subcommandTerm: (command) => `${command.name()} ${argumentsOf(command)}`.trim() })
  // The option --version of a command means the version of something else.
  .enablePositionalOptions()
  .showHelpAfterError('(--help shows how)')
  .exitOverride()
  .addHelpText(
    'after',
    examplesText([
      'lanrage create "Gaming Night" --as Alice --server http://192.0.2.1:8080',
      "lanrage join 'http://192.0.2.1:8080/#join=…' --as Bob",
      'lanrage status --watch',
      'lanrage doctor Bob',
    ]),
  );

program.commandsGroup('To play:');

verb('create', 'open a party and play in it', [
  'lanrage create "Gaming Night" --as Alice',
  'lanrage create "Two only" --max-players 2 --json',
  'lanrage create "Club" --persistent --public --password',
])
  .argument('<name>', 'name of the party')
  .addOption(nickOption())
  .option('--max-players <count>', 'how many may play', playerCount)
  .option('--password', 'ask for a password that players need to join')
  .option('--password-stdin', 'read that password from stdin')
  .option('--locked', 'let nobody join yet')
  .option('--public', 'show it in: lanrage parties')
  .option('--persistent', 'keep the party when everybody is gone')
  .option('--sealed', 'can be joined with invite links only, for good')
  .option('--discord <url>', 'the link for voice and screen sharing')
  .option('--network <network>', "network of the players' addresses, such as 10.87.0.0/16")
  .addOption(leaveOption())
  .action(async (name: string, options: Options & CreateFlags) => {
    const { as: peerName, maxPlayers: maxPeers, public: isPublic, discord: discordUrl } = options;
    const { locked, persistent, sealed, network, leave } = options;
    const { create } = await import('./enter.js');
    const flags = { locked, public: isPublic, persistent, sealed, leave };
    await create(contextOf(options), { name, peerName, maxPeers, ...flags, discordUrl, network }, options);
  });

verb('host', 'open a party on a server of your own, on this machine', [
  'lanrage host "Gaming Night" --as Alice',
  'lanrage host "Club" --keep --max-players 16',
  'LANRAGE_PUBLIC_ADDRESS=203.0.113.5 lanrage host "Gaming Night"',
])
  .argument('<name>', 'name of the party')
  .addOption(nickOption())
  .option('--max-players <count>', 'how many may play', hostedCount, DEFAULT_HOSTED)
  .option('--password', 'ask for a password that players without a link need')
  .option('--password-stdin', 'read that password from stdin')
  .option('--keep', 'go on with this party the next time that it is hosted')
  .action(async (name: string, options: Options & HostFlags, command: Command) => {
    if (options.server !== undefined) command.error('error: host is its own server (--help shows how)');
    const { as: peerName, maxPlayers, keep = false } = options;
    const { host } = await import('./host.js');
    await host(contextOf(options), { name, peerName, maxPlayers, keep }, options);
  });

verb('join', 'join a party', [
  'lanrage join http://192.0.2.1:8080/#join=…',
  'lanrage join 4f0c2a91be77 --as Bob',
  'lanrage join 4f0c2a91be77 --password-stdin < password.txt',
  'lanrage join 4f0c2a91be77 --wait && start-the-game',
])
  .argument('[party]', 'the invite link or the id that the host sent you; the last party without it')
  .addOption(nickOption())
  .option('--password-stdin', 'read the password of the party from stdin')
  .option('--wait', 'until everybody is reached, or cannot be; then say why')
  .addOption(leaveOption())
  .action(async (partyId: string | undefined, options: Options & PasswordOptions & { wait?: boolean }) => {
    if (partyId === undefined)
      return (await import('./rejoin.js')).rejoin(contextOf(options), undefined, options);
    const { join } = await import('./enter.js');
    await join(contextOf(options), { partyId, peerName: options.as, leave: options.leave }, options);
  });

verb('rejoin', 'join a party in which you were before', [
  'lanrage rejoin',
  'lanrage rejoin "Gaming Night"',
  'lanrage rejoin --list',
])
  .argument('[party]', 'its name or id; the last one when left out')
  .addOption(nickOption())
  .option('--password-stdin', 'read the password of the party from stdin')
  .addOption(leaveOption())
  .option('--list', 'only show the parties and their servers')
  .action(async (party: string | undefined, options: Options & PasswordOptions & { list?: boolean }) =>
    (await import('./rejoin.js')).rejoin(contextOf(options), party, options),
  );

verb('forget', 'forget a party in which you were before', ['lanrage forget "Gaming Night"', 'lanrage forget'])
  .argument('[party]', 'its name or id; all of them when left out')
  .action(async (party: string | undefined, options: CommonOptions) =>
    (await import('./rejoin.js')).forget(contextOf(options), party),
  );

verb('leave', 'leave the party', ['lanrage leave']).action(async (options: CommonOptions) =>
  (await import('./leave.js')).leave(contextOf(options)),
);

verb('status', 'show the party, the players and the paths to them', [
  'lanrage status',
  'lanrage status --json | jq .peerCount',
  'lanrage status --watch',
])
  .option('--watch', 'refresh it every second, until Ctrl-C')
  .action(async (options: CommonOptions & { watch?: boolean }) => {
    if (options.watch) await (await import('./watch.js')).watch(contextOf(options));
    else await (await import('./status.js')).status(contextOf(options));
  });

verb('events', 'show what happens in the party, as it happens', [
  'lanrage events',
  'lanrage events --json | while read -r line; do echo "$line"; done',
  'lanrage events --json | jq \'select(.data.connectionType == "failed")\'',
]).action(async (options: CommonOptions) => (await import('./events.js')).events(contextOf(options)));

verb('ui', "show the player's page in the browser", ['lanrage ui', 'lanrage ui --no-open'])
  .option('--no-open', 'only print its address, which is a secret')
  .action(async (options: CommonOptions & { open: boolean }) =>
    (await import('./ui.js')).ui(contextOf(options), options.open),
  );
verb('games', 'list the game servers in the party', [
  'lanrage games',
  "lanrage games --json | jq '.[].port'",
]).action(async (options: CommonOptions) => (await import('./games.js')).games(contextOf(options)));

program.commandsGroup('When something is wrong:');

verb('doctor', 'find out what is wrong, and why a player is relayed', [
  'lanrage doctor',
  'lanrage doctor Bob',
  'lanrage doctor Bob --port 25565',
  "lanrage doctor --json | jq '.findings[] | .code'",
])
  .argument('[peer]', 'name, address or id; default: everybody')
  .option('--port <port>', 'port of the game that the peer (default: you) hosts', portNumber)
  .action(async (peer: string | undefined, options: CommonOptions & { port?: number }) =>
    (await import('./doctor.js')).doctor(contextOf(options), peer, options.port),
  );

verb('discovery', 'show how games on this machine look for others', ['lanrage discovery']).action(
  async (options: CommonOptions) => (await import('./discovery.js')).discovery(contextOf(options)),
);

verb('netcheck', 'examine server, NAT and public address', ['lanrage netcheck']).action(
  async (options: CommonOptions) => (await import('./netcheck.js')).netcheck(contextOf(options)),
);

verb('ping', 'measure the latency to a player through the tunnel', [
  'lanrage ping Bob',
  'lanrage ping 10.66.0.1 --count 10',
])
  .argument('<peer>', 'name, address or id')
  .option('--count <count>', 'how many pings', wholeNumber, 4)
  .action(async (peer: string, options: CommonOptions & { count: number }) =>
    (await import('./ping.js')).ping(contextOf(options), peer, options.count),
  );

verb('log', 'show what the agent has logged since it started', ['lanrage log', 'lanrage log --json']).action(
  async (options: CommonOptions) => (await import('./log.js')).log(contextOf(options)),
);

const frame = { verb, wholeNumber, playerCount };
program.commandsGroup('In a party, mostly for hosts:');
addInviteVerbs(frame);
addHostingVerbs(frame);

program
  .commandsGroup('Other commands:')
  .helpCommand('help [command]', 'show the options of a command, with examples');

verb('open', 'show an invitation on your page, where you decide', [
  "lanrage open 'https://lan.example/#join=…'",
])
  .argument('<link>', 'an invite link, or what a browser makes of it (lanrage://join/…)')
  .option('--no-open', 'only print the address of the page, which is a secret')
  .action(async (link: string, options: CommonOptions & { open: boolean }) =>
    (await import('./open.js')).open(contextOf(options), link, options.open),
  );

verb('register', 'have your browser open invitations with LANrage', ['lanrage register']).action(
  async (options: CommonOptions) => (await import('./register.js')).register(contextOf(options)),
);

verb('agent', 'run the agent alone, in the foreground, until stopped', ['lanrage agent']).action(
  async (options: CommonOptions) => (await import('./agent.js')).agent(contextOf(options)),
);

program
  .command('completion')
  .description('print a completion script for a shell')
  .addArgument(new Argument('<shell>').choices(shells))
  .addHelpText(
    'after',
    examplesText(['source <(lanrage completion bash)', 'lanrage completion fish | source']),
  )
  .action((shell: Shell) => console.log(completionScript(shell, commandsOf(program))));

void main();

async function main(): Promise<void> {
  try {
    if (process.argv.length > 2) await program.parseAsync();
    else await (await import('./overview.js')).overview(contextOf({}));
    process.exit(exitCodes.done);
  } catch (error) {
    process.exit(report(error, rendered));
  }
}

/** A subcommand with the options that all have. */
function verb(name: string, description: string, examples: readonly string[]): Command {
  return program
    .command(name)
    .description(description)
    .option('--json', 'print JSON, errors included')
    .option('--server <url>', 'control plane (LANRAGE_SERVER)')
    .option('--home <folder>', 'state folder (LANRAGE_HOME)')
    .option('--interface <name>', 'WireGuard interface (LANRAGE_INTERFACE)')
    .addHelpText('after', examplesText(examples));
}

function argumentsOf(command: Command): string {
  return command.registeredArguments
    .map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`))
    .join(' ');
}

function nickOption(): Option {
  return new Option('--as <nick>', 'the name that others see (LANRAGE_NICKNAME)');
}

function leaveOption(): Option {
  return new Option('--leave', 'leave the present party first');
}

function portNumber(text: string): number {
  const value = wholeNumber(text);
  if (value <= 65_535) return value;
  throw new InvalidArgumentError('A port is a whole number from 1 to 65535.');
}

function playerCount(text: string): number {
  const value = wholeNumber(text);
  const { least, most } = PARTY_SIZE_LIMITS;
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(`A party has ${least} to ${most} players, or fewer on most servers.`);
}

function hostedCount(text: string): number {
  if (wholeNumber(text) >= 2 && Number(text) <= MOST_HOSTED) return Number(text);
  throw new InvalidArgumentError(
    `A party is of 2 to ${MOST_HOSTED} players; more play on a server: npm start.`,
  );
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It has to be a whole number above 0.');
}
