/** A control plane that lies about a party, and the agent that it lies to. Runs with and without jest. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicKeyOf } from '#shared/auth/proof';
import { peerIdOf, type PartyId } from '#shared/party/identity';
import { encodeInviteLink, keyFingerprint } from '#shared/party/invite';
import { loadConfig } from '../../../apps/client/src/config';
import { loadIdentity } from '../../../apps/client/src/identity';
import { PartyManager } from '../../../apps/client/src/party-manager';
import { voucherFor } from '../../../apps/client/src/party/vouching';
import { until } from './processes';
import { ScriptedControl } from './scripted-control';
import { StubNetwork } from './stub-network';

export const hostilePartyId = '0123456789ab' as PartyId;
const partyKey = randomBytes(16);
let addresses = 1;

/** A member as a control plane tells of it. */
export function claimedMember(name: string, publicKey: string, voucher: string | null) {
  return {
    id: peerIdOf(publicKey),
    name,
    publicKey,
    voucher,
    virtualIp: `10.66.0.${++addresses}`,
    joinedAt: '2026-01-01T00:00:00.000Z',
    online: true,
    natType: 'unknown',
    endpoint: null as string | null,
  };
}
export type Claimed = ReturnType<typeof claimedMember>;

export const newKey = () => publicKeyOf(randomBytes(32));

/** One for whom the party key vouches, so that only its other fields can be wrong. */
export function vouchedMember(name: string, publicKey = newKey()): Claimed {
  return claimedMember(name, publicKey, voucherFor(partyKey, publicKey));
}

export const honestRelay = { relayId: 'r', endpoint: '192.0.2.1:51900' };

/** The host. */
export const alice = vouchedMember('Alice');
export const carol = vouchedMember('Carol');

export class HostileParty {
  private constructor(
    readonly server: ScriptedControl,
    readonly manager: PartyManager,
    readonly network: StubNetwork,
    private readonly home: string,
    /** The agent that is lied to. */
    readonly self: Claimed,
  ) {}

  /** The agent is signed in, and in no party yet. */
  static async start({ tokenLifetimeMs = 3_600_000 } = {}): Promise<HostileParty> {
    const server = await ScriptedControl.start();
    server.tokenLifetimeMs = tokenLifetimeMs;
    const home = await mkdtemp(join(tmpdir(), 'lanrage-hostile-'));
    const config = loadConfig({ home, server: server.url, nickname: 'Bob', portMapping: false }, {});
    const network = new StubNetwork(config);
    const manager = new PartyManager(config, network);
    const self = vouchedMember('Bob', loadIdentity(home).publicKey);
    await manager.initializeControl();
    await until('the socket is there', () => manager.control.connected);
    return new HostileParty(server, manager, network, home, self);
  }

  /** The party as the agent hears of it. */
  snapshot(claims: readonly Claimed[] = [alice, carol], changes: object = {}) {
    return {
      id: hostilePartyId,
      name: 'LAN',
      hostId: alice.id,
      ownerId: alice.id,
      // What the server says of the seal does not matter: the link has the last word.
      settings: { locked: false, public: false, persistent: false, hasPassword: false, discordUrl: null },
      createdAt: '2026-01-01T00:00:00.000Z',
      maxPeers: 8,
      network: '10.66.0.0/16',
      revision: 1,
      stateVersion: 0,
      members: [...claims, this.self],
      relays: Object.fromEntries(claims.map(({ id }) => [id, honestRelay])),
      ...changes,
    };
  }

  /** Has the agent join by an invite link, to which the server answers with this. */
  join(answer: unknown, sealed = true) {
    this.answerJoin(answer);
    const hostFingerprint = keyFingerprint(alice.publicKey);
    const link = { server: this.server.url, partyId: hostilePartyId, partyKey, hostFingerprint, sealed };
    return this.manager.joinParty(encodeInviteLink({ ...link, secret: randomBytes(16) }));
  }

  /** What the server says when the agent asks to come in, to come back, or where it is. */
  answerJoin(answer: unknown): void {
    this.server.acknowledge = (event) => (event === 'party.get' ? { ok: true, party: answer } : { ok: true });
    this.server.script = ({ url }) => ({ status: 200, body: url?.endsWith('/join') ? answer : {} });
  }

  say(event: string, data: object): void {
    this.server.sockets.at(-1)?.emit(event, { partyId: hostilePartyId, ...data });
  }

  /** Just that, whatever it is. */
  sayPlainly(event: string, data: unknown): void {
    this.server.sockets.at(-1)?.emit(event, data);
  }

  /** Resolves when the agent has dealt with everything that was said before. */
  async heard(): Promise<void> {
    await until('the agent hears the server', () => this.manager.control.connected);
    const mark = randomBytes(8).toString('hex');
    const arrived = new Promise<void>((resolve) => {
      const listen = ({ name, data }: { name: string; data: unknown }) => {
        if (name !== 'state.changed' || (data as { key: string }).key !== mark) return;
        this.manager.control.off('event', listen);
        resolve();
      };
      this.manager.control.on('event', listen);
    });
    this.say('state.changed', { key: mark, version: 1 });
    await arrived;
    // A turn of its own comes after those that what was said has led to.
    await this.manager.connections.checkRelays([]);
  }

  peer(id: string) {
    return this.manager.currentParty?.getPeerList().find((other) => other.id === id);
  }

  async close(): Promise<void> {
    await this.manager.close();
    await this.server.close();
    await rm(this.home, { recursive: true });
  }
}
