import { request } from './agents';
import type { PushResult } from './swarm';
import { presenceOf, type SwarmAgent } from './swarm-agent';

/** A change that members are to hear of, told from others by a text that occurs in no other. */
interface Change {
  readonly kind: Kind;
  readonly maker: SwarmAgent;
  readonly startedAt: number;
  awaited: number;
}

const kinds = ['shared state (REST)', 'new name (REST)', 'presence (socket)'] as const;
type Kind = (typeof kinds)[number];

type Event = [name: string, payload: { value?: string; member?: { name: string }; endpoint?: string }];

/** Makes changes in parties, and notes when the members hear of them. */
export class PushMeter {
  private readonly changes = new Map<string, Change>();
  private readonly latenciesMs: Record<Kind, number[]> = {
    'shared state (REST)': [],
    'new name (REST)': [],
    'presence (socket)': [],
  };

  /** @param acrossNodes counts only those who are connected to another node than the agent that makes the change */
  constructor(
    private readonly parties: readonly (readonly SwarmAgent[])[],
    private readonly acrossNodes = false,
  ) {
    for (const agent of parties.flat()) agent.link.onEvent = (text) => this.arrived(agent, text);
  }

  /** Party after party, member after member. */
  async change(turn: number): Promise<void> {
    const party = this.parties[turn % this.parties.length]!;
    const round = Math.floor(turn / this.parties.length);
    const agent = party[round % party.length]!;
    const kind = kinds[round % kinds.length]!;
    const awaited = party.filter((hearer) => this.counts(kind, agent, hearer)).length;
    const change = { kind, maker: agent, startedAt: performance.now(), awaited };
    await this.make(agent, kind, turn, (mark) => this.changes.set(mark, change));
  }

  /** Notes no more. */
  stop(): PushResult[] {
    for (const agent of this.parties.flat()) agent.link.onEvent = null;
    const missing = [...this.changes.values()];
    return kinds.map((kind) => ({
      kind,
      latenciesMs: this.latenciesMs[kind],
      lost: missing.filter((change) => change.kind === kind).reduce((sum, { awaited }) => sum + awaited, 0),
    }));
  }

  private async make(
    { http, link, token, partyId }: SwarmAgent,
    kind: Kind,
    turn: number,
    expect: (mark: string) => void,
  ): Promise<void> {
    switch (kind) {
      case 'shared state (REST)': {
        const value = `round ${turn}`;
        expect(value);
        await request(http, `/v1/parties/${partyId}/state`, { key: 'map', value }, token);
        return;
      }
      case 'new name (REST)': {
        const peerName = `Player of turn ${turn}`;
        expect(peerName);
        await request(http, `/v1/parties/${partyId}/join`, { peerName }, token);
        return;
      }
      case 'presence (socket)': {
        const endpoint = `203.0.113.${turn % 250}:${10_000 + turn}`;
        expect(endpoint);
        await link.request('presence.update', { ...presenceOf(turn), endpoint });
      }
    }
  }

  /** All hear of shared state, also who wrote it. */
  private counts(kind: Kind, maker: SwarmAgent, hearer: SwarmAgent): boolean {
    if (this.acrossNodes) return hearer.url !== maker.url;
    return kind === 'shared state (REST)' || hearer !== maker;
  }

  private arrived(hearer: SwarmAgent, text: string): void {
    const now = performance.now();
    const [, { value, member, endpoint }] = JSON.parse(text) as Event;
    const mark = value ?? member?.name ?? endpoint ?? '';
    const change = this.changes.get(mark);
    if (!change || !this.counts(change.kind, change.maker, hearer)) return;
    this.latenciesMs[change.kind].push(now - change.startedAt);
    change.awaited -= 1;
    if (change.awaited === 0) this.changes.delete(mark);
  }
}
