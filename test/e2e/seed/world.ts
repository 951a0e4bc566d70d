/** What the rows of the seed's suite share: one control plane, and one party that most of them look at. */
import type { LanrageError } from '#shared/errors';
import type { NatInfo, Party } from '../../../apps/client/src/index';
import { StunServer } from '../../../apps/relay/src/stun/server';
import { TestAgent, type AgentConnection } from '../support/control-agent';
import { TestControl } from '../support/control-app';
import { TestRelay } from '../support/control-relay';
import { until } from '../support/processes';
import { StubPlayer } from '../support/stub-player';

/** Guests with the words that their agents would have for their networks. */
const guests = {
  Carol: { natType: 'full_cone', endpoint: '203.0.113.42:51820' },
  Dave: { natType: 'symmetric', endpoint: null },
  Erin: { natType: 'port_restricted_cone', endpoint: null },
} as const;

/**
 * Alice hosts "Gaming Night", in which are Bob, with the library as she has it, and three guests who speak the protocol. There
 * is no NAT between the two, and Dave answers no pings.
 */
export class World {
  control!: TestControl;
  alice!: StubPlayer;
  bob!: StubPlayer;
  /** Somebody who is in no party. */
  stranger!: TestAgent;
  /** Somebody who has found neither a server nor a STUN server. */
  lonely!: StubPlayer;
  /** Before Alice was in the party. */
  natAtFirst!: NatInfo;
  private stun!: StunServer;
  private relay!: TestRelay;
  private readonly players: StubPlayer[] = [];
  private readonly connections: AgentConnection[] = [];

  async start(): Promise<void> {
    this.control = await TestControl.start();
    this.stun = await openStun();
    const stunEndpoints = [...this.stun.endpoints];
    this.relay = new TestRelay(this.control.url, { publicAddress: '127.0.0.1', stunEndpoints });
    await this.relay.connect();
    this.alice = await this.player('Alice');
    this.bob = await this.player('Bob');
    await Promise.all([this.alice, this.bob].map(({ manager }) => manager.initializeNat()));
    this.natAtFirst = this.alice.manager.nat.info();
    const { id } = await this.alice.manager.createParty('Gaming Night');
    await this.bob.manager.joinParty(id, 'Bob');
    for (const [name, presence] of Object.entries(guests)) {
      const guest = await this.guest(name);
      const connection = await guest.connect();
      this.connections.push(connection);
      const { members } = await joined(guest, id, { presence });
      await connection.ask('presence.update', presence);
      const address = members.find(({ id: member }) => member === guest.peerId)?.virtualIp;
      if (name === 'Dave' && address) this.alice.network.silent.add(address);
    }
    this.stranger = await this.guest('Stranger');
    this.lonely = new StubPlayer('Lonely', 'http://127.0.0.1:9');
    this.players.push(this.lonely);
    for (const { name, manager } of [this.alice, this.bob]) {
      await until(`${name} sees what the guests say`, () => {
        const natTypes = manager.currentParty?.getPeerList().map(({ natType }) => natType);
        return Object.values(guests).every(({ natType }) => natTypes?.includes(natType));
      });
      await manager.waitConnected();
    }
    await this.alice.manager.getPartyStatus();
  }

  /** As Alice sees it. */
  get party(): Party {
    const { currentParty } = this.alice.manager;
    if (!currentParty) throw new Error('Alice is in no party');
    return currentParty;
  }

  get peers() {
    return this.party.getPeerList();
  }

  /** Somebody with a PartyManager, who is gone with this world. */
  async player(name: string): Promise<StubPlayer> {
    const player = await StubPlayer.connected(name, this.control.url);
    this.players.push(player);
    return player;
  }

  /** Somebody who speaks the protocol. */
  guest(name: string): Promise<TestAgent> {
    return TestAgent.signIn(this.control.url, name);
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.close();
    await Promise.all(this.players.map((player) => player.close()));
    this.relay?.close();
    await this.stun?.close();
    await this.control?.close();
  }
}

async function joined(guest: TestAgent, partyId: string, more: object) {
  const answer = await guest.tryJoin(partyId, guest.name, more);
  expect(answer.status).toBe(200);
  return guest.get(partyId);
}

function openStun(): Promise<StunServer> {
  const [one, other] = ['127.0.0.1', '127.0.0.2'].map((address) => ({ bind: address, public: address }));
  if (!one || !other) throw new Error('two addresses');
  return StunServer.open({ addresses: [one, other], port: 0, alternatePort: 0 }, (error) => {
    throw error;
  });
}

/** A latency that is not older is not measured again. */
export const FRESH_MS = 150;

/** The LanrageError of this code, for `toEqual`. */
export const refused = (code: LanrageError['code']) => expect.objectContaining({ code }) as LanrageError;
