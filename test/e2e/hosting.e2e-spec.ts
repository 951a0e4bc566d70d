import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { LabPlayer } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { until } from './support/processes';
import { capture } from './support/traffic';

const password = 'only for friends';

/** What a host types, and what becomes of the players whom it is about. */
describeLab('a host among players behind NATs', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: LabPlayer;
  let bob: LabPlayer;
  let carol: LabPlayer;
  let partyId: string;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'));
    alice = await LabPlayer.at(await lab.hostBehind('alice', 'port_restricted'), server.url);
    bob = await LabPlayer.at(await lab.hostBehind('bob', 'symmetric'), server.url);
    carol = await LabPlayer.at(await lab.hostBehind('carol', 'open'), server.url);
    alice.extraSettings['LANRAGE_PARTY_PASSWORD'] = password;
    const options = ['--password', '--max-players', '4', '--discord', 'https://discord.gg/first'];
    partyId = (await alice.create('Gaming Night', ...options)).party.id;
  }, 120_000);

  afterAll(async () => {
    for (const player of [alice, bob, carol]) await player?.stop();
    await server?.stop();
    await lab?.close();
    await Promise.all([alice, bob, carol].map((player) => player?.removeHome()));
  }, 60_000);

  const errorOf = ({ stderr }: { stderr: string }) => {
    const line = stderr.split('\n').find((text) => text.startsWith('{"error"')) ?? '{}';
    return (JSON.parse(line) as { error?: { code: string } }).error?.code;
  };
  const run = async (player: LabPlayer, ...args: string[]) => {
    const result = await player.run(...args, '--json');
    if (result.code !== 0) throw new Error(`${args.join(' ')}: ${result.stderr}`);
    return JSON.parse(result.stdout) as Record<string, unknown>;
  };

  it('asks for the password, and takes it from the environment', async () => {
    const without = await bob.run('join', partyId, '--json');
    expect([without.code, errorOf(without)]).toEqual([1, 'PASSWORD_REQUIRED']);
    bob.extraSettings['LANRAGE_PARTY_PASSWORD'] = 'wrong';
    const wrong = await bob.run('join', partyId, '--json');
    expect([wrong.code, errorOf(wrong)]).toEqual([1, 'WRONG_PASSWORD']);
    for (const player of [bob, carol]) {
      player.extraSettings['LANRAGE_PARTY_PASSWORD'] = password;
      await player.join(partyId);
      await player.reaches('10.66.0.1');
    }
    await carol.reaches(await bob.virtualIp());
  }, 60_000);

  it('has its verbs, and the others are told that they are not theirs', async () => {
    expect(await run(alice, 'set', '--name', 'Finals', '--max-players', '3', '--public')).toMatchObject({
      party: { name: 'Finals', maxPeers: 3, settings: { public: true, locked: false, hasPassword: true } },
    });
    expect(await run(alice, 'discord')).toEqual({ discordUrl: 'https://discord.gg/first' });
    expect(await run(alice, 'lock')).toMatchObject({ party: { settings: { locked: true } } });
    expect(await run(alice, 'discord', 'https://discord.gg/abc')).toMatchObject({
      party: { settings: { discordUrl: 'https://discord.gg/abc' } },
    });
    await until('Carol sees it all', async () => {
      const { party } = await carol.status();
      return party.name === 'Finals' && party.settings.locked && party.settings.discordUrl !== null;
    });
    expect((await carol.run('status')).stdout).toMatch(
      /"Finals"[^]*locked · public · password\nVoice and screens: https/,
    );
    expect(await run(carol, 'discord')).toEqual({ discordUrl: 'https://discord.gg/abc' });
    for (const args of [
      ['unlock'],
      ['kick', 'Bob'],
      ['set', '--no-password'],
      ['set', '--host', 'Carol'],
      ['bans'],
    ])
      expect(errorOf(await carol.run(...args, '--json'))).toBe('NOT_HOST');
    expect(errorOf(await carol.run('set', '--persistent', '--json'))).toBe('NOT_OWNER');
    expect(errorOf(await alice.run('kick', 'Dave', '--json'))).toBe('NO_SUCH_PEER');
    expect(await run(carol, 'state', 'set', 'map', 'de_dust2', '--version', '0')).toMatchObject({
      key: 'map',
      version: 1,
    });
    expect(await run(alice, 'state', 'get', 'map')).toEqual({ key: 'map', value: 'de_dust2', version: 1 });
    expect(errorOf(await alice.run('state', 'set', 'map', 'x', '--version', '0', '--json'))).toBe(
      'STATE_CONFLICT',
    );
    expect((await alice.run('state', 'list')).stdout).toMatch(/^KEY +VERSION +VALUE\nmap +1 +de_dust2\n$/);
    await run(alice, 'state', 'remove', 'map');
    expect(errorOf(await carol.run('state', 'get', 'map', '--json'))).toBe('NO_SUCH_KEY');
    await run(carol, 'nick', 'Caroline');
    await until('Alice sees the name', async () =>
      (await alice.status()).party.peers.some(({ name }) => name === 'Caroline'),
    );
    await run(alice, 'unlock');
  }, 60_000);

  it('lets strangers reach games alone while the party is public', async () => {
    const exposed = (player: LabPlayer, exposure: string) =>
      until(`${player.name} exposes ${exposure}`, async () => {
        const { guard } = await player.status();
        return guard?.state === 'on' && guard.exposure === exposure;
      });
    await Promise.all([alice, bob].map((player) => exposed(player, 'games')));
    await run(alice, 'set', '--no-public');
    await Promise.all([alice, bob].map((player) => exposed(player, 'all')));
    await run(alice, 'set', '--public');
    await exposed(bob, 'games');
    expect((await bob.host.exec(['nft', 'list', 'ruleset'])).stdout).toContain('27020-32399');
  });

  it('removes a player: within a second nothing reaches anybody, and the game of the others goes on', async () => {
    const bobsAddress = await bob.virtualIp();
    const carolsAddress = await carol.virtualIp();
    // Bob's agent does nothing about it, as a hostile one would; his WireGuard goes on.
    bob.freeze();
    const game = carol.ping('10.66.0.1', { count: 100, intervalSeconds: 0.05 });
    expect(await bob.ping(carolsAddress)).toBe(3);
    await run(alice, 'kick', 'Bob');
    await new Promise((resolve) => setTimeout(resolve, 1000));

    const captures = await Promise.all([alice, carol].map(({ host }) => capture(host, host.interfaceName)));
    const answers = await Promise.all(
      ['10.66.0.1', carolsAddress].map((address) => bob.ping(address, { count: 10, intervalSeconds: 0.1 })),
    );
    expect(answers).toEqual([0, 0]);
    expect(await game).toBe(100);
    const bobsBytes = Buffer.from(bobsAddress.split('.').map(Number));
    for (const { stop } of captures) expect((await stop()).includes(bobsBytes)).toBe(false);
    for (const player of [alice, carol]) expect((await player.status()).peerCount).toBe(2);

    bob.thaw();
    expect(await bob.ended()).toBe(1);
    expect(bob.logs).toContain('"code":"KICKED"');
    expect(await bob.foreignDevices()).toEqual([]);
  }, 60_000);

  it('lets a kicked player come back, but not a banned one', async () => {
    await bob.join(partyId);
    await bob.reaches(await carol.virtualIp());
    await run(alice, 'ban', 'Bob');
    expect(await bob.ended()).toBe(1);
    expect(bob.logs).toContain('"code":"BANNED"');
    const again = await bob.run('join', partyId, '--as', 'Robert', '--json');
    expect(errorOf(again)).toBe('PARTY_NOT_FOUND');
    expect(await run(alice, 'bans')).toMatchObject({ bans: [{ name: 'Bob' }] });
    expect((await alice.run('bans')).stdout).toMatch(/^PLAYER +ID +SINCE\nBob +[0-9a-f]{16} +\d{4}-/);
    await run(alice, 'unban', 'Bob');
    await bob.join(partyId);
  }, 60_000);

  it('hands over, and the owner closes the party for everybody', async () => {
    await run(alice, 'set', '--host', 'Bob');
    await until('Bob is host', async () =>
      (await bob.status()).party.peers.some((peer) => peer.isSelf && peer.isHost),
    );
    expect(errorOf(await alice.run('lock', '--json'))).toBe('NOT_HOST');
    expect(errorOf(await bob.run('close', '--json'))).toBe('NOT_OWNER');
    await run(bob, 'set', '--no-password');
    await run(alice, 'close');
    for (const player of [alice, bob, carol]) {
      expect(await player.ended()).toBe(1);
      expect(player.logs).toContain('"code":"PARTY_CLOSED"');
      expect(await player.foreignDevices()).toEqual([]);
    }
    for (const logs of [server.logs, alice.logs, bob.logs, carol.logs]) expect(logs).not.toContain(password);
  }, 60_000);
});
