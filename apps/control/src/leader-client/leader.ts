import { Inject, Injectable, Logger } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import type { Cluster } from '../cluster/cluster';
import { CLUSTER } from '../cluster/cluster.module';
import type { Attendance, AttendanceOf } from '../model/party';
import { remote, type Asked, type Told } from './calls';
import type { LeaderCalls } from './contract';

const RETRY_SECONDS = 2;

/**
 * The way to the leader, which may be this node: `leader.parties.departed(…)` is served by LiveParties, and so on, see
 * LiveState. Calls reject with the leader's LanrageError, or with CONTROL_UNAVAILABLE while there is none.
 */
@Injectable()
export class Leader implements Asked<LeaderCalls> {
  private readonly logger = new Logger('cluster');
  private readonly calls = remote<Asked<LeaderCalls>>((name, payload) =>
    this.cluster.askLeader(name, payload),
  );
  readonly agents = this.calls.agents;
  readonly parties = this.calls.parties;
  readonly paths = this.calls.paths;
  readonly relays = this.calls.relays;

  /** Tells the leader of what is done already, whether it hears of it now or only the next one. These calls never fail. */
  readonly inform = remote<Told<LeaderCalls, Promise<void>>>(async (name, payload) => {
    await this.cluster.askLeader(name, payload).catch((error: unknown) => {
      this.logger.warn({ err: error, call: name }, 'the leader could not be told');
    });
  });

  constructor(@Inject(CLUSTER) private readonly cluster: Cluster) {}

  /** Who of these is there; while the leader does not answer, all of them may be back at any moment. Never fails. */
  readonly attendance = async (peerIds: readonly PeerId[]): Promise<AttendanceOf> => {
    let known: Attendance[] = [];
    try {
      if (peerIds.length > 0) known = await this.agents.attendance({ peerIds });
    } catch (error) {
      this.logger.warn({ err: error }, 'presence of members unknown');
    }
    const attendance = new Map(peerIds.map((peerId, index) => [peerId, known[index]]));
    return (peerId) => attendance.get(peerId) ?? 'away';
  };

  /** To be asked before anything is changed that the leader has to hear of. @throws LanrageError CONTROL_UNAVAILABLE */
  assertPresent(): void {
    if (!this.isPresent) throw new LanrageError('CONTROL_UNAVAILABLE', { retryAfterSeconds: RETRY_SECONDS });
  }

  /** Whether there is one, or will be in a moment. */
  get isPresent(): boolean {
    return this.cluster.isLed;
  }

  get nodeId(): string {
    return this.cluster.nodeId;
  }
}
