import { randomBytes } from 'node:crypto';
import type { StateEntry } from '#shared/api/state';
import { sharedSecret } from '#shared/auth/proof';
import type { LanrageError } from '#shared/errors';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { loadIdentity } from '../../apps/client/src/identity';
import { expectedGoodbyeProof } from '../../apps/client/src/network/tunnel-message';
import { TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { until } from './support/processes';
import { StubPlayer as Player } from './support/stub-player';

const refused = (code: LanrageError['code']) => expect.objectContaining({ code }) as LanrageError;

describe('a PartyManager and the control plane', () => {
  let control: TestControl;
  let relay: TestRelay;
  let alice: Player;
  let bob: Player;

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);

  afterAll(async () => {
    await control?.close();
  }, 30_000);

  beforeEach(async () => {
    relay = new TestRelay(control.url, { stunEndpoints: [], capacityPairs: 1_000 });
    await relay.connect();
    [alice, bob] = await Promise.all([
      Player.connected('Alice', control.url),
      Player.connected('Bob', control.url),
    ]);
  }, 30_000);

  afterEach(async () => {
    await Promise.all([alice.close(), bob.close()]);
    relay.socket.disconnect();
  }, 30_000);

  it('has a party once the server agreed, and a status in the shape that others read', async () => {
    expect(await alice.manager.getPartyStatus()).toMatchObject({ status: 'no_party' });
    const party = await alice.manager.createParty('Gaming Night');
    expect(alice.manager.currentParty?.id).toBe(party.id);
    const status = JSON.parse(JSON.stringify(await alice.manager.getPartyStatus())) as object;
    expect(status).toMatchObject({
      status: 'in_party',
      peerCount: 1,
      party: {
        id: party.id,
        name: 'Gaming Night',
        hostId: alice.manager.myPeerId,
        peers: [
          {
            id: alice.manager.myPeerId,
            name: 'Alice',
            virtualIp: '10.66.0.1',
            endpoint: null,
            latencyMs: null,
            connectionType: 'host',
            isHost: true,
            isSelf: true,
            online: true,
          },
        ],
      },
      natInfo: { natType: 'unknown', publicEndpoint: null },
    });
    expect(alice.network.virtualIp).toBe('10.66.0.1');
  });

  it('connects both sides when somebody joins, and lets go when somebody leaves', async () => {
    const { id } = await alice.manager.createParty('LAN');
    const joined = await bob.manager.joinParty(id);
    expect(joined.getPeerList().map(({ connectionType }) => connectionType)).toEqual([
      'connecting',
      'direct',
    ]);
    const connected = await bob.manager.waitConnected();
    expect(connected?.getPeerList()).toMatchObject([
      { name: 'Alice', connectionType: 'relayed' },
      { name: 'Bob', connectionType: 'direct' },
    ]);
    await until('Alice connects to Bob', () => alice.network.peers.size === 1);
    await bob.manager.leaveParty();
    await until('Alice lets go of Bob', () => alice.network.peers.size === 0);
    expect(bob.network.goodbyes).toContain('10.66.0.1');
    expect(bob.network.virtualIp).toBeNull();
    expect(bob.ended).toEqual([null]);
  });

  it('is in one party at a time; joining that one again changes nothing', async () => {
    const { id } = await alice.manager.createParty('LAN');
    const other = await bob.manager.createParty('Other LAN');
    await expect(alice.manager.createParty('Third')).rejects.toEqual(refused('ALREADY_IN_PARTY'));
    await expect(alice.manager.joinParty(other.id)).rejects.toEqual(refused('ALREADY_IN_PARTY'));
    expect((await alice.manager.joinParty(id)).id).toBe(id);
  });

  it('goes wherever a link leads, with nothing that is meant for another server', async () => {
    const other = await TestControl.start();
    const otherRelay = new TestRelay(other.url, { stunEndpoints: [], capacityPairs: 1_000 });
    await otherRelay.connect();
    const carol = await Player.connected('Carol', other.url);
    try {
      const far = await carol.manager.createParty('Far');
      const { link } = await carol.manager.invites.make();
      await bob.manager.joinParty((await alice.manager.createParty('Near')).id);
      await expect(bob.manager.joinParty(link)).rejects.toEqual(refused('ALREADY_IN_PARTY'));
      const near = { leave: true, server: control.url };
      await expect(bob.manager.joinParty(link, 'Bob', near)).rejects.toEqual(refused('OTHER_SERVER'));

      expect((await bob.manager.joinParty(link, 'Bob', { leave: true })).id).toBe(far.id);
      expect(bob.manager.describe()).toMatchObject({ status: 'in_party', server: `${other.url}/` });
      await until('Carol meets Bob', () => carol.network.peers.size === 1);
      await until('Alice lets go of Bob', () => alice.manager.currentParty?.peers.size === 1);
      // Without a link or a name it is the player's own server.
      await bob.manager.createParty('Own', { leave: true });
      expect(bob.manager.server).toBe(control.url);
    } finally {
      otherRelay.socket.disconnect();
      await Promise.all([carol.close(), other.close()]);
    }
  }, 60_000);

  it('lets one of two calls at the same instant win', async () => {
    const results = await Promise.allSettled([
      alice.manager.createParty('One'),
      alice.manager.createParty('Two'),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(alice.manager.currentParty?.name).toBe('One');
  });

  it('refuses what cannot be before it asks anybody', async () => {
    await expect(alice.manager.joinParty('1234')).rejects.toEqual(refused('INVALID_PARTY_ID'));
    await expect(alice.manager.createParty(' ')).rejects.toEqual(refused('INVALID_NAME'));
    await expect(alice.manager.createParty('LAN', { peerName: 'x'.repeat(51) })).rejects.toEqual(
      refused('INVALID_NAME'),
    );
    await expect(alice.manager.leaveParty()).rejects.toEqual(refused('NOT_IN_PARTY'));
  });

  it('leaves nothing behind when the server refuses', async () => {
    await expect(bob.manager.joinParty('0'.repeat(12))).rejects.toEqual(refused('PARTY_NOT_FOUND'));
    expect(bob.manager.currentParty).toBeNull();
    expect(bob.network.virtualIp).toBeNull();
    await bob.manager.createParty('Afterwards');
  });

  it('leaves nothing behind on the server when the machine refuses', async () => {
    const { id } = await alice.manager.createParty('LAN');
    bob.network.broken = true;
    await expect(bob.manager.joinParty(id)).rejects.toEqual(refused('PERMISSION_DENIED'));
    expect(bob.manager.currentParty).toBeNull();
    await until('Alice is alone', () => alice.peers.length === 1);
    bob.network.broken = false;
    await bob.manager.createParty('Afterwards');
  });

  it('comes back by itself when the server let it go while it was away', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    const { virtualIp } = bob.network;
    const impostor = await bob.impostor();
    await impostor.leave(id);
    await until('Alice sees Bob leave', () => !alice.peers.includes('Bob'));
    await control.restart();
    await until('Alice sees Bob again', () => alice.peers.includes('Bob'));
    expect((await impostor.get(id)).members).toHaveLength(2);
    expect(bob.network.virtualIp).toBe(virtualIp);
    expect(bob.ended).toEqual([]);
  }, 30_000);

  it('hands over to another agent with the same identity, without taking it out of the party', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    const successor = await bob.impostor();
    const connection = await successor.connect();
    await until('Bob has ended', () => bob.ended.length > 0);
    expect(bob.ended).toEqual(['SESSION_REPLACED']);
    expect(bob.network.virtualIp).toBeNull();
    expect((await successor.get(id)).members).toHaveLength(2);
    connection.close();
  });

  it('is over for a player whom the host removed, and is not taken up again by the agent', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    await until('Alice is connected to Bob', () => alice.network.peers.size === 1);
    await alice.manager.hosting.kick(bob.manager.myPeerId);
    expect(alice.peers).toEqual(['Alice']);
    await until('Bob has ended', () => bob.ended.length > 0);
    expect(bob.ended).toEqual(['KICKED']);
    expect(bob.network.virtualIp).toBeNull();
    await until('Alice lets go of Bob', () => alice.network.peers.size === 0);
    expect(bob.manager.describe()).toMatchObject({
      status: 'no_party',
      endedBecause: { code: 'KICKED', message: expect.stringMatching(/^The host removed you/) },
    });
    await control.restart();
    await until(
      'both are connected again',
      () => alice.manager.control.connected && bob.manager.control.connected,
    );
    expect((await alice.manager.control.currentParty())?.members).toHaveLength(1);

    await bob.manager.joinParty(id);
    expect(bob.manager.describe()).toMatchObject({ status: 'in_party', peerCount: 2 });
  }, 30_000);

  it.each([
    ['kick', 'KICKED'],
    ['ban', 'PARTY_NOT_FOUND'],
  ] as const)(
    'is over also for one whose agent was away at the time: %s',
    async (verb, code) => {
      const { id } = await alice.manager.createParty('LAN');
      await bob.manager.joinParty(id);
      await until('Alice sees Bob', () => alice.peers.length === 2);
      // The word of it is lost.
      const listening = jest.spyOn(bob.manager.control, 'emit').mockReturnValue(true);
      await alice.manager.hosting[verb](bob.manager.myPeerId);
      await bob.manager.control.currentParty();
      listening.mockRestore();
      await control.restart();
      await until('Bob has ended', () => bob.ended.length > 0);
      expect(bob.ended).toEqual([code]);
      expect(alice.peers).toEqual(['Alice']);
    },
    30_000,
  );

  it('is over when it happens while the answer to the join is on its way', async () => {
    const { id } = await alice.manager.createParty('LAN');
    const started = new Promise<void>((resolve) => {
      jest.spyOn(bob.network, 'start').mockImplementation(async () => {
        resolve();
        await until('Alice sees Bob', () => alice.peers.length === 2);
        await alice.manager.hosting.kick(bob.manager.myPeerId);
      });
    });
    const joining = bob.manager.joinParty(id);
    await Promise.all([started, joining]);
    await until('Bob has ended', () => bob.ended.length > 0);
    expect(bob.ended).toEqual(['KICKED']);
    expect(bob.manager.currentParty).toBeNull();
  });

  it('is arranged by its host, which everybody hears', async () => {
    const { id } = await alice.manager.createParty('LAN', { password: 'secret' });
    await expect(bob.manager.joinParty(id)).rejects.toEqual(refused('PASSWORD_REQUIRED'));
    await expect(bob.manager.joinParty(id, 'Bob', { password: 'wrong' })).rejects.toEqual(
      refused('WRONG_PASSWORD'),
    );
    await bob.manager.joinParty(id, 'Bob', { password: 'secret' });
    await until('Alice sees Bob', () => alice.peers.length === 2);
    await expect(bob.manager.hosting.change({ locked: true })).rejects.toEqual(refused('NOT_HOST'));
    const changed: string[] = [];
    bob.manager.on('partyChanged', ({ name }) => changed.push(name));
    await alice.manager.hosting.change({ name: 'Finals', locked: true, hostId: bob.manager.myPeerId });
    for (const { manager } of [alice, bob]) {
      await until('the change is known', () => manager.currentParty?.name === 'Finals');
      expect(manager.currentParty).toMatchObject({
        hostId: bob.manager.myPeerId,
        settings: { locked: true },
      });
    }
    expect(changed).toEqual(['Finals']);
    await bob.manager.rename('Robert');
    expect(bob.peers).toEqual(['Alice', 'Robert']);
    await until('Alice sees the name', () => alice.peers.includes('Robert'));
    await alice.manager.closeParty();
    await until('the party is over', () => alice.ended.length + bob.ended.length === 2);
    expect([alice.ended, bob.ended]).toEqual([['PARTY_CLOSED'], ['PARTY_CLOSED']]);
  });

  it('lets a player who lost the connection back in, locked or not', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    await until('Alice sees Bob', () => alice.peers.length === 2);
    await alice.manager.hosting.change({ locked: true });
    await (await bob.impostor()).leave(id);
    await until('Alice sees Bob leave', () => alice.peers.length === 1);
    // What the server writes when somebody was away for too long.
    await control.query("UPDATE leases SET departure = 'timed_out' WHERE party_id = $1", [id]);
    await control.restart();
    await until('Alice sees Bob again', () => alice.peers.length === 2);
    expect(bob.ended).toEqual([]);
  }, 30_000);

  it('leaves parties that it is in without wanting to', async () => {
    const { id } = await alice.manager.createParty('LAN');
    const ghost = await bob.impostor();
    await ghost.join(id);
    const { home } = bob;
    await bob.manager.close();
    bob = new Player('Bob', control.url, home);
    await bob.connect();
    await until('the server let Bob go', async () => (await ghost.tryGet(id)).status === 404);
  });

  it('goes on while the server restarts, and hears of what happens then', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    await bob.manager.waitConnected();
    await control.restart();
    await until(
      'both are connected again',
      () => alice.manager.control.connected && bob.manager.control.connected,
    );
    expect(bob.network.peers.size).toBe(1);
    const carol = await Player.connected('Carol', control.url);
    await carol.manager.joinParty(id);
    for (const player of [alice, bob]) await until('Carol is seen', () => player.peers.includes('Carol'));
    await carol.close();
    for (const player of [alice, bob]) await until('Carol is gone', () => !player.peers.includes('Carol'));
  }, 60_000);

  it('believes a goodbye through the tunnel if only that member can have said it', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    await until('Alice sees Bob', () => alice.peers.includes('Bob'));
    const nonce = randomBytes(8);
    const secret = sharedSecret(loadIdentity(bob.home).privateKey, loadIdentity(alice.home).publicKey);
    const said = { type: 'goodbye', nonce, leaveTicket: null } as const;
    const say = (proof: Buffer) =>
      alice.network.emit('goodbye', bob.network.virtualIp as VirtualIp, { ...said, proof });
    say(expectedGoodbyeProof(randomBytes(32), said));
    expect(alice.peers).toEqual(['Alice', 'Bob']);
    const removals = jest.spyOn(alice.network, 'removePeer');
    say(expectedGoodbyeProof(secret, said));
    expect(alice.peers).toEqual(['Alice']);
    // Bob is still there, and is seen again as soon as he says anything of himself.
    await until('Alice lets go of Bob', () => removals.mock.calls.length > 0);
  });

  it('makes the interface anew when it is taken away', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    await bob.manager.waitConnected();
    await bob.network.stop();
    bob.network.emit('died');
    await until('Bob is connected again', () => bob.network.peers.size === 1);
    expect(bob.network.virtualIp).not.toBeNull();
    expect(bob.ended).toEqual([]);
  });

  it('has what the members share at hand, and tells what was written without its hearing of it', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    const told: StateEntry[] = [];
    bob.manager.on('stateChanged', (entry) => told.push(entry));
    const map = await alice.manager.sharedState.write({ key: 'map', value: 'dust', version: 0 });
    await until('Bob is told', () => told.length === 1);
    const before = { version: 1, entries: [map] };
    expect(await bob.manager.sharedState.read()).toEqual(before);
    // Past the control plane, which tells nobody, as a node that dies after a write.
    await control.query(`UPDATE parties SET state_version = 2 WHERE id = $1`, [id]);
    await control.query(`UPDATE state_entries SET value = 'inferno', version = 2 WHERE party_id = $1`, [id]);
    expect(await bob.manager.sharedState.read()).toEqual(before);
    await control.restart();
    const after = { key: 'map', value: 'inferno', version: 2 };
    await until('Bob is told after the outage', () => told.length === 2);
    expect(told).toEqual([map, after]);
    expect(await bob.manager.sharedState.read()).toEqual({ version: 2, entries: [after] });
    const stale = bob.manager.sharedState.write({ key: 'map', value: 'nuke', version: 1 });
    await expect(stale).rejects.toEqual(refused('STATE_CONFLICT'));
  }, 30_000);

  it('answers with a status though five of 31 peers answer no ping, whose older values carry their age', async () => {
    const { id } = await alice.manager.createParty('LAN', { maxPeers: 32 });
    const crowd = await Promise.all(
      Array.from({ length: 31 }, (_, index) => TestAgent.signIn(control.url, `Guest ${index}`)),
    );
    const snapshots = await Promise.all(crowd.map((guest) => guest.join(id)));
    await until('Alice sees everybody', () => alice.peers.length === 32);
    await alice.manager.waitConnected();
    const addresses = snapshots.at(-1)?.members.map(({ virtualIp }) => virtualIp) ?? [];
    const dead = new Set(addresses.slice(-5));
    const neverHeard = addresses.at(-1) ?? '';
    alice.network.silent.add(neverHeard);
    await alice.manager.getPartyStatus();
    dead.forEach((address) => alice.network.silent.add(address));
    // The dead ones never answer, not even in vain: a status that waited for them would not come.
    const status = await alice.manager.getPartyStatus();
    const others =
      status.status === 'in_party' ? status.party.getPeerList().filter(({ isSelf }) => !isSelf) : [];
    expect(others.find(({ virtualIp }) => virtualIp === neverHeard)?.latencyMs).toBeNull();
    const heard = others.filter(({ virtualIp }) => virtualIp !== neverHeard);
    expect(heard.map(({ latencyMs }) => latencyMs)).toEqual(heard.map(() => 20));
    const agesOf = (wanted: boolean) =>
      heard
        .filter(({ virtualIp }) => dead.has(virtualIp) === wanted)
        .map(({ latencyAgeMs }) => latencyAgeMs ?? NaN);
    expect(agesOf(true)).toHaveLength(4);
    expect(agesOf(false)).toHaveLength(26);
    expect(Math.min(...agesOf(true))).toBeGreaterThan(Math.max(...agesOf(false)));
  }, 30_000);
});

describe('a PartyManager whose server is away', () => {
  let control: TestControl;

  beforeEach(async () => {
    control = await TestControl.start();
  }, 60_000);

  it('leaves without waiting for the server, which hears of it when it is back', async () => {
    const alice = await Player.connected('Alice', control.url);
    const bob = await Player.connected('Bob', control.url);
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    const url = control.url;
    await control.stop();
    await until('the server is down', () => !bob.manager.control.connected);
    await bob.manager.leaveParty();
    expect(bob.manager.currentParty).toBeNull();
    await control.start();
    expect(control.url).toBe(url);
    await until('Alice is alone', () => alice.peers.length === 1);
    await Promise.all([alice.close(), bob.close()]);
    await control.close();
  }, 60_000);

  it('says so, and has nothing afterwards', async () => {
    const { url } = control;
    await control.close();
    const alice = new Player('Alice', url);
    await expect(alice.manager.createParty('LAN')).rejects.toEqual(refused('CONTROL_UNAVAILABLE'));
    await expect(alice.manager.joinParty('0'.repeat(12))).rejects.toEqual(refused('CONTROL_UNAVAILABLE'));
    expect(alice.network.virtualIp).toBeNull();
    await alice.close();
  }, 30_000);
});
