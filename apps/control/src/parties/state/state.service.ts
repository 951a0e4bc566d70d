import { Inject, Injectable } from '@nestjs/common';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { STATE_LIMITS, type PartyState, type StateEntry, type WriteStateRequest } from '#shared/api/state';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { Cluster } from '../../cluster/cluster';
import { CLUSTER } from '../../cluster/cluster.module';
import { Database } from '../../database/database';
import { Leader } from '../../leader-client/leader';
import { consume } from '../../util/consume';
import { KeyedQueue } from '../../util/keyed-queue';
import { repeat } from '../membership/membership';
import { costOfTelling, refusalOfWrite } from './state.rules';
import { StateStore, type WrittenState } from './state.store';

const WRITES_PER_SECOND = 10;
/**
 * What telling the members may cost, by {@link costOfTelling}: two of the largest writes to the largest party, or 5000 deliveries
 * a second on average.
 */
const TELLING = { points: 40_000, duration: 8 };

/** What the members of a party share: written by compare-and-set, pushed to all of them in the order of the versions. */
@Injectable()
export class StateService {
  private readonly store: StateStore;
  /** The writes of one party, so that those of this process never run into each other. */
  private readonly writes = new KeyedQueue<PartyId>();
  private readonly ofMember: RateLimiterAbstract;
  /** In bytes, as everybody gets them. */
  private readonly ofParty: RateLimiterAbstract;
  /** What telling all members of it costs. */
  private readonly telling: RateLimiterAbstract;

  constructor(
    database: Database,
    @Inject(CLUSTER) cluster: Cluster,
    private readonly leader: Leader,
  ) {
    this.store = new StateStore(database.sql);
    this.ofMember = cluster.limiter('state.member', { points: WRITES_PER_SECOND, duration: 1 });
    this.telling = cluster.limiter('state.telling', TELLING);
    this.ofParty = cluster.limiter('state.party', { points: 2 * STATE_LIMITS.partyBytes, duration: 1 });
  }

  /** @throws LanrageError PARTY_NOT_FOUND */
  async read(partyId: PartyId, peerId: PeerId): Promise<PartyState> {
    const state = await this.store.read(partyId, peerId);
    if (!state) throw new LanrageError('PARTY_NOT_FOUND');
    return state;
  }

  /** @throws LanrageError PARTY_NOT_FOUND, STATE_CONFLICT, STATE_FULL, RATE_LIMITED */
  async write(partyId: PartyId, peerId: PeerId, request: WriteStateRequest): Promise<StateEntry> {
    await consume(this.ofMember, peerId, 1);
    return this.writes.run(partyId, async () => {
      const { entry, memberIds } = await repeat(() => this.tryWrite(partyId, peerId, request));
      await this.leader.inform.parties.news({
        partyId,
        peerIds: memberIds,
        event: 'state.changed',
        payload: { partyId, ...entry },
      });
      return entry;
    });
  }

  private async tryWrite(
    partyId: PartyId,
    peerId: PeerId,
    request: WriteStateRequest,
  ): Promise<WrittenState | undefined> {
    const view = await this.store.view(partyId, peerId, request.key);
    const code = view ? refusalOfWrite(view, request) : 'PARTY_NOT_FOUND';
    if (code || !view) throw new LanrageError(code ?? 'PARTY_NOT_FOUND');
    const bytes = Buffer.byteLength(request.value ?? '');
    await consume(this.ofParty, partyId, 100 + bytes);
    await consume(this.telling, partyId, costOfTelling(view, bytes));
    return (await this.store.write(partyId, peerId, request, view.stateVersion)) ?? undefined;
  }
}
