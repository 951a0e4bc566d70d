/** The `lanrage-admin` command as a process: against a control plane here, and with players in the lab. */
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { administrate, ADMIN_TOKEN, adminProgram } from './support/admin-command';
import { errorOf } from './support/command-line';
import { TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { LabPlayer } from './support/lab-player';
import { LabRelay } from './support/lab-relay';
import { LabServer } from './support/lab-server';
import { until } from './support/processes';

describe('the lanrage-admin command', () => {
  let control: TestControl;
  let relay: TestRelay;

  beforeAll(async () => {
    control = await TestControl.start({ LANRAGE_ADMIN_TOKEN: ADMIN_TOKEN });
    relay = new TestRelay(control.url, { relayId: 'fra-1', region: 'eu' });
    await relay.connect();
  }, 60_000);
  afterAll(async () => {
    relay.close();
    await control.close();
  }, 20_000);

  const run = (args: readonly string[], settings?: NodeJS.ProcessEnv) =>
    administrate(control.url, args, settings);
  const text = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stderr]).toEqual([0, '']);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    return stdout;
  };
  const json = async (...args: string[]) => JSON.parse((await run([...args, '--json'])).stdout) as unknown;

  it.each([
    ['parties', 'list'],
    ['parties', 'show'],
    ['parties', 'close'],
    ['players', 'list'],
    ['players', 'ban'],
    ['players', 'unban'],
    ['relays', 'list'],
    ['relays', 'drain'],
    ['relays', 'undrain'],
  ])('%s %s --help shows examples, and is no error', async (group, verb) => {
    expect(await text(group, verb, '--help')).toMatch(
      new RegExp(`Examples:\n  lanrage-admin ${group} ${verb}`),
    );
  });

  it.each([
    ['nothing', [], {}],
    ['half a command', ['parties'], {}],
    ['an unknown verb', ['parties', 'dance'], {}],
    ['a missing argument', ['parties', 'close'], {}],
    ['an id that is none', ['parties', 'close', 'LAN'], {}],
    ['a key that is none', ['players', 'ban', 'Bob'], {}],
    ['an id in place of a key', ['players', 'ban', '0123456789abcdef'], {}],
    ['an unknown option', ['relays', 'list', '--loud'], {}],
    ['a token as an argument', ['relays', 'list', '--token', ADMIN_TOKEN], {}],
    ['no token', ['relays', 'list'], { LANRAGE_ADMIN_TOKEN: '' }],
    ['a server that is none', ['relays', 'list'], { LANRAGE_SERVER: 'nowhere' }],
  ])('%s is wrong usage: 2', async (_name, args, settings) => {
    const { code, stdout, stderr } = await run(args, settings);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
  });

  it.each([
    ['a wrong token', { LANRAGE_ADMIN_TOKEN: 'wrong' }, 'WRONG_ADMIN_TOKEN'],
    ['a server that is away', { LANRAGE_SERVER: 'http://127.0.0.1:9' }, 'CONTROL_UNAVAILABLE'],
  ])(
    '%s is refused: 1, with what to do',
    async (_name, settings, code) => {
      const said = await run(['relays', 'list'], settings);
      expect(said).toMatchObject({ code: 1, stdout: '' });
      expect(said.stderr).toMatch(new RegExp(`^error ${code}: .*LANRAGE_`));
      const refused = await run(['relays', 'list', '--json'], settings);
      expect([refused.code, errorOf(refused).code]).toEqual([1, code]);
    },
    15_000,
  );

  it('shows and closes parties', async () => {
    const alice = await TestAgent.signIn(control.url, 'Alice');
    expect(await text('parties', 'list', 'no such')).toBe('No party was found.\n');
    const { id } = await alice.create({ name: 'Quake\u00a0Night', persistent: true, public: true });
    expect(await text('parties', 'list', 'quake')).toMatch(
      new RegExp(`^ID +PARTY +PLAYERS +HOST +AGE\n${id} +Quake.Night +1 of 32 +Alice +\\d s +public\\b`),
    );
    expect(await text('parties', 'show', id)).toMatch(
      new RegExp(`^"Quake.Night" · party id ${id} · 1 of at most 32 players · \\d s old
public · persistent\n\nPLAYER +KEY +CONNECTED
Alice \\(host\\) +${alice.publicKey.replace(/[+/]/g, '.')} +no\n$`),
    );
    expect(await json('parties', 'show', id)).toMatchObject({ id, members: [{ name: 'Alice' }] });
    expect(await text('parties', 'close', id)).toBe(`Closed: ${id}\n`);
    const again = await run(['parties', 'close', id, '--json']);
    expect([again.code, errorOf(again)]).toMatchObject([
      1,
      { code: 'PARTY_NOT_FOUND', message: expect.stringContaining('lanrage-admin') },
    ]);
  }, 30_000);

  it('bans players and lifts bans, by key or by id', async () => {
    const bob = await TestAgent.signIn(control.url, 'Bob');
    expect(await text('players', 'list')).toBe('Nobody is banned from the server.\n');
    expect(await text('players', 'ban', bob.publicKey)).toMatch(/^Banned since .*\(–\)\n$/s);
    expect(await text('players', 'list')).toContain(bob.publicKey);
    expect(await json('players', 'list')).toMatchObject({ bans: [{ peerId: bob.peerId, name: null }] });
    expect((await bob.tryCreate()).status).toBe(403);
    expect(await text('players', 'unban', bob.publicKey)).toBe(`May come again: ${bob.peerId}\n`);
    expect(errorOf(await run(['players', 'unban', bob.peerId, '--json'])).code).toBe('NO_SUCH_BAN');
    expect((await bob.tryCreate()).status).toBe(201);
  }, 30_000);

  it('lists and drains relays', async () => {
    expect(await text('relays', 'list')).toMatch(
      /^RELAY +REGION +STATE +PAIRS +PACKETS\/S +LATE\nfra-1 +eu +ready +\d+ of 100 +0 +–\n$/,
    );
    expect(await text('relays', 'drain', 'fra-1')).toMatch(/no other relay\s+has room/);
    expect(await text('relays', 'list')).toMatch(/\nfra-1 +eu +ready, drained +/);
    expect(await json('relays', 'undrain', 'fra-1')).toMatchObject({ id: 'fra-1', draining: null });
    expect(errorOf(await run(['relays', 'drain', 'nowhere', '--json'])).code).toBe('NO_SUCH_RELAY');
  }, 30_000);
});

/** What the operator types, and what becomes of the players whom it is about. */
describeLab('a server that is administered', () => {
  let lab: Lab;
  let server: LabServer;
  let second: LabRelay;
  const players: LabPlayer[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'), { LANRAGE_ADMIN_TOKEN: ADMIN_TOKEN });
    second = await LabRelay.start(await lab.publicHost('second'), server.url);
    for (const name of ['alice', 'bob', 'carol'])
      players.push(await LabPlayer.at(await lab.hostBehind(name, 'symmetric'), server.url));
  }, 120_000);

  afterAll(async () => {
    for (const player of players) await player.stop();
    await second?.stop();
    await server?.stop();
    await lab?.close();
    await Promise.all(players.map((player) => player.removeHome()));
  }, 60_000);

  const threePlayers = () => {
    const [alice, bob, carol] = players;
    if (!alice || !bob || !carol) throw new Error('three players');
    return { alice, bob, carol };
  };
  const run = async <Answer>(...args: string[]) => {
    const program = [process.execPath, adminProgram, ...args, '--json'];
    const env = { LANRAGE_ADMIN_TOKEN: ADMIN_TOKEN };
    const { code, stdout, stderr } = await server.host.exec(program, { env, timeoutMs: 20_000 });
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout) as Answer;
  };
  const relays = async () =>
    (await run<{ relays: { id: string; pairs: number }[] }>('relays', 'list')).relays;

  it('moves a running game off a relay that is drained', async () => {
    const { alice, bob, carol } = threePlayers();
    const { party } = await alice.create('Gaming Night');
    for (const guest of [bob, carol]) {
      await guest.join(party.id);
      await guest.reaches('10.66.0.1');
    }
    const busy = (await relays()).find(({ pairs }) => pairs > 0)?.id ?? '';
    const game = bob.ping('10.66.0.1', { count: 100, intervalSeconds: 0.1 });
    await run('relays', 'drain', busy);
    const pairsLeft = async () => (await relays()).find(({ id }) => id === busy)?.pairs;
    await until('it is empty', async () => (await pairsLeft()) === 0);
    expect(await game).toBeGreaterThan(90);
    await run('relays', 'undrain', busy);
  }, 60_000);

  it('bans a player, whom nothing reaches any more within a second', async () => {
    const { alice, bob, carol } = threePlayers();
    const { party } = await alice.status();
    const address = await bob.virtualIp();
    expect(await carol.ping(address)).toBe(3);
    const { members } = await run<{ members: { name: string; publicKey: string }[] }>(
      ...['parties', 'show', party.id],
    );
    // Bob's agent does nothing about it, as a hostile one would; his WireGuard goes on.
    bob.freeze();
    await run('players', 'ban', members.find(({ name }) => name === 'Bob')?.publicKey ?? '');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await bob.ping('10.66.0.1', { count: 10, intervalSeconds: 0.1 })).toBe(0);
    expect((await alice.status()).peerCount).toBe(2);

    bob.thaw();
    expect(await bob.ended()).toBe(1);
    expect(bob.logs).toContain('The operator of this server has banned you from it.');
    const again = await bob.run('join', party.id);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('error BANNED_FROM_SERVER: ')]);
    expect(await bob.foreignDevices()).toEqual([]);
  }, 60_000);

  it('closes a party, and the players are told who did', async () => {
    const { alice, carol } = threePlayers();
    const { party } = await alice.status();
    await run('parties', 'close', party.id);
    for (const player of [alice, carol]) {
      expect(await player.ended()).toBe(1);
      expect(player.logs).toContain('The operator closed the party.');
      expect(await player.foreignDevices()).toEqual([]);
    }
  }, 60_000);

  it('leaves a line in the log for each action, with no name and no whole key', () => {
    const lines = server.logs.split('\n').filter((line) => line.includes('"administration"'));
    const audited = lines.map((line) => JSON.parse(line) as { action: string });
    expect(new Set(audited.map(({ action }) => action))).toEqual(
      new Set(['list relays', 'drain relay', 'undrain relay', 'show party', 'ban player', 'close party']),
    );
    expect(audited).toContainEqual(
      expect.objectContaining({ action: 'ban player', keyPrefix: expect.stringMatching(/^.{8}$/) }),
    );
    expect(lines.join('\n')).not.toMatch(/Alice|Bob|Carol|=/);
    expect(server.logs).not.toContain(ADMIN_TOKEN);
  });
});
