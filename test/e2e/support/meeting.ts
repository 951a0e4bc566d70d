import { setTimeout as delay } from 'node:timers/promises';
import { GameTraffic } from './game-traffic';
import type { Entry, PartyAgent } from './party-agent';
import { until } from './processes';

/** An attempt at a direct path lasts 3 s, the side that waits a little longer. */
const ATTEMPT_MS = 3_500;
/** A packet that comes late in an attempt is still to be confirmed. */
const CONFIRMATION_MS = 1_500;

/** Two agents in a party of their own. */
export class Meeting {
  private constructor(
    readonly agents: readonly [PartyAgent, PartyAgent],
    readonly entries: readonly [Entry, Entry],
    readonly traffic: GameTraffic,
  ) {}

  /** The first creates a party, the second joins it, both with routers that have forgotten all mappings. */
  static async amongStrangers(first: PartyAgent, second: PartyAgent): Promise<Meeting> {
    await Promise.all([first, second].map(({ host }) => host.router.rebind()));
    return Meeting.of(first, second);
  }

  /** The first creates a party, the second joins it. */
  static async of(first: PartyAgent, second: PartyAgent): Promise<Meeting> {
    const traffic = GameTraffic.between(first.host, second.host);
    const created = await first.create('Meeting');
    first.forget();
    second.forget();
    const joined = await second.join(created.partyId);
    return new Meeting([first, second], [created, joined], traffic);
  }

  /** Lets a game begin, at so many datagrams a second each way. */
  play(packetsPerSecond: number): Promise<void> {
    const [one, other] = this.entries;
    return this.traffic.start([one.virtualIp, other.virtualIp], packetsPerSecond);
  }

  /** When both had been told to look for a direct path, Unix time. */
  async toldAtMs(): Promise<number> {
    const told = await Promise.all(this.agents.map((agent) => agent.seen('told')));
    return Math.max(...told.map(({ atMs }) => atMs));
  }

  /** When both were direct, Unix time, and where each sends since. */
  async direct(): Promise<{ atMs: number; endpoints: (string | undefined)[] }> {
    const direct = await Promise.all(this.agents.map((agent) => agent.seen('direct')));
    return {
      atMs: Math.max(...direct.map(({ atMs }) => atMs)),
      endpoints: direct.map(({ pathEndpoint }) => pathEndpoint),
    };
  }

  get isDirect(): boolean {
    return this.agents.every(({ connection }) => connection === 'direct');
  }

  /** Whether the first attempt led to a direct path, once it is over. */
  async firstAttempt(): Promise<boolean> {
    const giveUpAtMs = (await this.toldAtMs()) + ATTEMPT_MS + CONFIRMATION_MS;
    const isOver = () => this.isDirect || Date.now() > giveUpAtMs;
    await until('the attempt is over', isOver, { intervalMs: 20 });
    return this.isDirect;
  }

  async end(): Promise<void> {
    this.traffic.close();
    await Promise.all(this.agents.map((agent) => agent.leave()));
    // The last datagrams and goodbyes are not to meet the next party.
    await delay(50);
  }
}
