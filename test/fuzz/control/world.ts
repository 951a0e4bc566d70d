/** A control plane with players in parties, and the names by which messages mean them. */
import { Pool } from 'undici';
import { inviteSchema } from '#shared/api/invites';
import { partySnapshotSchema } from '#shared/api/party';
import { challengeSchema } from '#shared/api/rest';
import { hashInviteSecret, INVITE_SECRET_BYTES } from '#shared/party/invite';
import { ADMIN_TOKEN } from '../../e2e/support/admin-command';
import { TestAgent } from '../../e2e/support/control-agent';
import { TestControl } from '../../e2e/support/control-app';
import { TestRelay } from '../../e2e/support/control-relay';
import { AgentLine } from './agent-line';

/**
 * Messages are made before the ids of this run are known, and the same seed makes the same ones: `‹party 1›` stands for
 * whatever party has that number when the message is sent.
 */
export const meaning = (kind: Kind, index: number) => `‹${kind} ${index}›`;
const kinds = ['party', 'peer', 'key', 'invite', 'challenge', 'pair'] as const;
export type Kind = (typeof kinds)[number];
const reference = new RegExp(`^‹(${kinds.join('|')}) (\\d+)›$`);
/** How many of the newest of each kind can be meant. */
export const KNOWN = 6;
/** Relays with the shared secret, by name. */
export const RELAYS = 3;
export const relayIds = Array.from({ length: RELAYS }, (_, index) => `relay-${index}`);

/** The secrets of the invites that are made: anybody may come by them. */
export const inviteSecrets = [1, 2].map((fill) => Buffer.alloc(INVITE_SECRET_BYTES, fill));
const invitation = {
  secretHash: hashInviteSecret(Buffer.alloc(INVITE_SECRET_BYTES, 1)).toString('base64'),
  expiresInSeconds: 3600,
  maxUses: null,
};
const PLAYERS = 6;

export class World {
  agents: TestAgent[] = [];
  /** What requests go over: much cheaper than `fetch`. */
  readonly http: Pool;
  private relays: Promise<TestRelay>[] = [];
  private lines: AgentLine[] = [];
  private readonly ids: Record<Kind, string[]> = {
    ...{ party: [], peer: [], key: [], invite: [], challenge: [], pair: [] },
  };

  private constructor(readonly control: TestControl) {
    this.http = new Pool(control.url);
  }

  static async start(): Promise<World> {
    const control = await TestControl.start({
      LANRAGE_ADMIN_TOKEN: ADMIN_TOKEN,
      LANRAGE_LIMIT_ADMIN_TOKENS: '0',
      LANRAGE_LIMIT_PERSISTENT_PARTIES: '1000',
    });
    return new World(control);
  }

  get url(): string {
    return this.control.url;
  }

  async close(): Promise<void> {
    this.hangUp();
    await this.dismissRelays();
    await this.http.destroy();
    await this.control.close();
  }

  /** A live connection of the player with this number, which takes one more event. */
  lineOf(agent: number): AgentLine {
    const former = this.lines[agent];
    if (former?.isUsable) return former;
    return (this.lines[agent] = new AgentLine(this.url, this.agents[agent]?.token ?? ''));
  }

  /** A relay that is connected. */
  relay(index: number): Promise<TestRelay> {
    const former = this.relays[index] ?? this.connectRelay(index);
    const connected = former.then((relay) => {
      if (relay.socket.connected) return relay;
      relay.close();
      return this.connectRelay(index);
    });
    // A relay that is not let in is a finding for the message that needs it, and for nobody if none does.
    connected.catch(() => undefined);
    this.relays[index] = connected;
    return connected;
  }

  /** New players in two parties, one of them with an invite, whatever has become of those before. */
  async repopulate(): Promise<void> {
    this.hangUp();
    await this.dismissRelays();
    this.relays = relayIds.map((_, index) => this.connectRelay(index));
    const relays = await Promise.all(this.relays);
    this.agents = await Promise.all(
      Array.from({ length: PLAYERS }, (_, index) => TestAgent.signIn(this.url, `Player ${index}`)),
    );
    for (const { publicKey, peerId } of this.agents) {
      this.learn('key', publicKey);
      this.learn('peer', peerId);
    }
    const [host, otherHost, ...guests] = this.agents as [TestAgent, TestAgent, ...TestAgent[]];
    const { id } = await host.create();
    const { id: otherId } = await otherHost.create({ public: true, persistent: true });
    this.learn('party', id);
    this.learn('party', otherId);
    for (const [index, guest] of guests.slice(0, -1).entries()) await guest.join(index % 2 ? otherId : id);
    for (const relay of relays) for (const pairId of relay.open.keys()) this.learn('pair', pairId);
    this.learnFrom((await host.ask('POST', `${id}/invites`, invitation)).body);
  }

  /** What an answer tells of new ids. */
  learnFrom(answer: unknown): void {
    const invite = inviteSchema.safeParse(answer);
    if (invite.success) this.learn('invite', invite.data.id);
    const party = partySnapshotSchema.safeParse(answer);
    if (party.success) this.learn('party', party.data.id);
    const challenge = challengeSchema.safeParse(answer);
    if (challenge.success) this.learn('challenge', challenge.data.challengeId);
  }

  /** The value with this run's ids in it, and every text as `read` reads it. */
  resolve(value: unknown, read: (text: string) => unknown): unknown {
    if (typeof value === 'string') return read(this.meant(value));
    if (Array.isArray(value)) return value.map((item) => this.resolve(item, read));
    if (typeof value !== 'object' || value === null) return value;
    // Unlike an assignment, this keeps a key `__proto__`.
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.meant(key), this.resolve(item, read)]),
    );
  }

  meant(text: string): string {
    const [, kind, index] = reference.exec(text) ?? [];
    return kind === undefined ? text : (this.ids[kind as Kind].at(Number(index)) ?? text);
  }

  private async connectRelay(index: number): Promise<TestRelay> {
    const relay = new TestRelay(this.url, { relayId: relayIds[index] ?? '' });
    await relay.connect();
    return relay;
  }

  private async dismissRelays(): Promise<void> {
    for (const relay of await Promise.all(this.relays.splice(0))) relay.close();
  }

  private hangUp(): void {
    for (const line of this.lines.splice(0)) line.close();
  }

  private learn(kind: Kind, id: string): void {
    if (!this.ids[kind].includes(id)) this.ids[kind] = [...this.ids[kind], id].slice(-KNOWN);
  }
}
