import { isDeepStrictEqual } from 'node:util';
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { LabPlayer, type PartyStatus, type PeerStatus } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { until } from './support/processes';
import { capture, carry } from './support/traffic';

/**
 *   alice (port-restricted cone) ─┐
 *   bob   (symmetric NAT)        ─┼─ internet ─ server: control + relay
 *   carol (no NAT)               ─┘
 */
describeLab('three players behind different NATs', () => {
  const marker = 'a word in plain text that only friends may read';
  let lab: Lab;
  let server: LabServer;
  let players: LabPlayer[];
  let alice: LabPlayer;
  let bob: LabPlayer;
  let carol: LabPlayer;
  let created: PartyStatus;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'));
    players = await Promise.all(
      (['alice', 'bob', 'carol'] as const).map(async (name) => {
        const nat = { alice: 'port_restricted', bob: 'symmetric', carol: 'open' } as const;
        return LabPlayer.at(await lab.hostBehind(name, nat[name], { delayMs: 15 }), server.url);
      }),
    );
    [alice, bob, carol] = players as [LabPlayer, LabPlayer, LabPlayer];
  }, 120_000);

  afterAll(async () => {
    await server?.stop();
    await lab?.close();
    await Promise.all((players ?? []).map((player) => player.removeHome()));
  }, 60_000);

  const pairs = () =>
    players.flatMap((from) => players.filter((to) => to !== from).map((to) => ({ from, to })));

  it('opens a party and lets the others in', async () => {
    created = await alice.create('Gaming Night');
    expect(created).toMatchObject({ status: 'in_party', peerCount: 1, party: { name: 'Gaming Night' } });
    expect(created.party.id).toMatch(/^[0-9a-f]{12}$/);
    expect(await alice.virtualIp()).toBe('10.66.0.1');

    const [bobs, carols] = await Promise.all([bob.join(created.party.id), carol.join(created.party.id)]);
    expect(bobs.party.id).toBe(created.party.id);
    expect(carols.party.hostId).toBe(created.party.hostId);
  }, 60_000);

  it('carries pings, UDP and TCP between all pairs, unreadable on the way', async () => {
    const atServer = await capture(server.host, 'any');
    const inTunnel = await capture(alice.host, alice.host.interfaceName);
    for (const { from, to } of pairs()) {
      const address = await to.virtualIp();
      await from.reaches(address);
      const text = `${marker}: ${from.name} to ${to.name}`;
      expect(await carry('udp', from.host, to.host, address, text)).toBe(text);
      expect(await carry('tcp', from.host, to.host, address, text)).toBe(text);
    }
    // The capture inside the tunnel proves that the search for the marker can find it.
    expect((await inTunnel.stop()).includes(marker)).toBe(true);
    const seenByServer = await atServer.stop();
    expect(seenByServer.length).toBeGreaterThan(10_000);
    expect(seenByServer.includes(marker)).toBe(false);
    for (const logs of [server.logs, ...players.map((player) => player.logs)])
      expect(logs).not.toContain(marker);
  }, 120_000);

  it('shows everybody the same party, with the paths in use', async () => {
    for (const player of players) {
      const status = await until(`${player.name} has latencies`, async () => {
        const now = await player.status();
        const { peers } = now.party;
        const isKnown = peers.every(({ isSelf, latencyMs }) => isSelf || latencyMs !== null);
        return isKnown && peers.every((peer) => peer.connectionType === typeOf(player, peer)) && now;
      });
      expect(status.peerCount).toBe(3);
      expect(status.party.peers.map(({ name }) => name).sort()).toEqual(['Alice', 'Bob', 'Carol']);
      expect(status.party.peers.filter(({ isSelf }) => isSelf).map(({ name }) => name)).toEqual([
        player.name,
      ]);
      expect(status.party.peers.filter(({ isHost }) => isHost).map(({ name }) => name)).toEqual(['Alice']);
      for (const peer of status.party.peers) {
        expect([peer.name, peer.connectionType]).toEqual([peer.name, typeOf(player, peer)]);
      }
    }
  }, 60_000);

  /** Everybody reaches Carol, but Alice's router lets in nothing from the ports that Bob's invents. */
  const typeOf = (viewer: LabPlayer, peer: PeerStatus) => {
    if (peer.isSelf) return viewer === alice ? 'host' : 'direct';
    return viewer === carol || peer.name === 'Carol' ? 'direct' : 'relayed';
  };

  it('shows everybody their own network as the others see it', async () => {
    const seenBy = async (viewer: LabPlayer, { name }: LabPlayer) => {
      const { party } = await viewer.status();
      const { natType, endpoint } = party.peers.find((peer) => peer.name === name) ?? {};
      return { natType, endpoint };
    };
    for (const { from: viewer, to: player } of [
      { from: alice, to: bob },
      { from: bob, to: alice },
    ]) {
      await until(`${player.name} sees what ${viewer.name} sees`, async () => {
        const [own, seen] = await Promise.all([seenBy(player, player), seenBy(viewer, player)]);
        return typeof own.endpoint === 'string' && isDeepStrictEqual(own, seen);
      });
    }
  }, 60_000);

  it('refuses with a code and a hint', async () => {
    const again = await bob.run('create', 'Another', '--json');
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stderr)).toMatchObject({ error: { code: 'ALREADY_IN_PARTY', retryable: false } });
    expect((await bob.run('join', 'one', 'two')).code).toBe(2);
  }, 30_000);

  it('lets a player leave and tells the others', async () => {
    expect((await bob.run('leave')).code).toBe(0);
    for (const player of [alice, carol])
      await until(`${player.name} sees Bob gone`, async () => (await player.status()).peerCount === 2, {
        timeoutMs: 3000,
      });
    expect(await bob.foreignDevices()).toEqual([]);
    expect(await alice.ping(await carol.virtualIp())).toBe(3);
  }, 30_000);

  it('hands the party on when the host leaves, and leaves nothing behind', async () => {
    await alice.stop('SIGINT');
    const status = await until('Carol is host', async () => {
      const now = await carol.status();
      return now.party.hostId !== created.party.hostId && now;
    });
    expect(status.party.peers).toMatchObject([
      { name: 'Carol', isHost: true, isSelf: true, connectionType: 'host' },
    ]);
    await Promise.all([bob.stop(), carol.stop('SIGTERM')]);
    for (const player of players) expect(await player.foreignDevices()).toEqual([]);
  }, 30_000);
});
