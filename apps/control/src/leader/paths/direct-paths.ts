import type { Candidate } from '#shared/api/party';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { VirtualNetwork } from '#shared/party/virtual-ip';
import { isInsideParty } from '#shared/peer-endpoint';
import type { PathCalls, PathRequest } from '../../leader-client/contract';
import type { Pair } from '../relays/pair';
import { RelaySessions } from '../relays/sessions';
import { AgentSockets } from '../agents/agent-sockets';
import { BudgetOfEach } from '../../util/budget-of-each';
import { decideAttempt, type AttemptQuestion } from './coordination';
import { PresenceBook } from '../agents/presence';

/** Attempts that others may ask of one member: as many as a large party has pairs of it, then ten a second. */
const ATTEMPTS_ASKED_FOR = { perSecond: 10, burst: 300 };

/** Sends the two members of a pair looking for a direct path, both at once. */
export class DirectPaths implements PathCalls {
  constructor(
    private readonly sessions: RelaySessions,
    private readonly presence: PresenceBook,
    private readonly sockets: AgentSockets,
    /** Null for a party that is not known. */
    private readonly networkOf: (partyId: PartyId) => VirtualNetwork | null,
  ) {}

  /** A relay has seen where the two of these pairs are. */
  observed(pairIds: Iterable<string>): void {
    for (const pairId of pairIds) this.consider(this.sessions.pair(pairId), 'observed');
  }

  private readonly asked = new BudgetOfEach<PeerId>(ATTEMPTS_ASKED_FOR);

  requested({ partyId, self, peerId, cause }: PathRequest): void {
    if (this.asked.take(peerId, performance.now()))
      this.consider(this.sessions.pairOf(partyId, self, peerId), cause);
  }

  private consider(pair: Pair | null, cause: AttemptQuestion['cause']): void {
    if (!pair?.peers.every((peerId) => this.isWilling(peerId))) return;
    const [one, other] = pair.peers;
    const candidates = [this.candidates(pair, one), this.candidates(pair, other)] as const;
    const decision = decideAttempt({ cause, candidates, last: pair.lastAttempt }, performance.now());
    if (!decision) return;
    pair.lastAttempt = decision.record;
    if (decision.first === null) return;
    const { partyId } = pair;
    const { attempt } = decision.record;
    const order = (to: 0 | 1) => ({
      partyId,
      peerId: pair.peers[to === 0 ? 1 : 0],
      attempt,
      first: decision.first === to,
      candidates: [...candidates[to === 0 ? 1 : 0]],
    });
    this.sockets.deliver(one, 'path.attempt', order(0));
    this.sockets.deliver(other, 'path.attempt', order(1));
  }

  /** A peer's candidates, without those inside the party's network, where the tunnel would lead into itself. */
  private candidates({ partyId }: Pair, peerId: PeerId): Candidate[] {
    const network = this.networkOf(partyId);
    const all = this.presence.candidates(peerId);
    return network ? all.filter(({ endpoint }) => !isInsideParty(endpoint, network)) : all;
  }

  private isWilling(peerId: PeerId): boolean {
    const { online, direct } = this.presence.view(peerId);
    return online && direct;
  }
}
