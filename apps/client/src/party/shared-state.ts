import { EventEmitter } from 'node:events';
import {
  partyStateSchema,
  stateEntrySchema,
  type PartyState,
  type StateEntry,
  type WriteStateRequest,
} from '#shared/api/state';
import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import type { ControlPlane } from '../control/control-plane';
import { stateOf, withChange, withState, type MirrorStep, type StateMirror } from './state-mirror';

interface SharedStateEvents {
  changed: [StateEntry];
  /** It could not be read anew; tried again. */
  fault: [LanrageError];
}

/** One stay in a party. */
interface Stay {
  readonly partyId: PartyId;
  /** undefined before it was read for the first time. */
  mirror: StateMirror | undefined;
  /** What was told of before that, the newest last. */
  told: StateEntry[];
  /** The newest version that was told of, or that there was at the beginning. */
  toldVersion: number;
  /** The newest version that was heard of, in whatever way. */
  newest: number;
  /** Whether all changes arrive here. */
  isHearing: boolean;
}

/** Between two readings that nobody asked for. */
const RENEWAL_INTERVAL_MS = 1_000;
/** A reading takes no longer than so many changes. */
const MOST_TOLD = 64;

/**
 * What the members of the party share, for games and tools. A write names the version that it was decided on, so that
 * of two at the same moment one is refused with STATE_CONFLICT. The manager's `stateChanged` tells of every change.
 *
 * Once it has been read, the agent keeps it, so that reading costs no way to the server; what changed while the server was
 * away is told when it is back.
 */
export class SharedState extends EventEmitter<SharedStateEvents> {
  private stay: Stay | undefined;
  /** What was heard of a party before the agent had entered it. */
  private heardEarly: { readonly partyId: PartyId; readonly version: number } | undefined;
  private renewal: NodeJS.Timeout | undefined;

  constructor(private readonly control: Pick<ControlPlane, 'authorized' | 'on'>) {
    super();
    control.on('disconnected', () => this.lose());
  }

  /** @throws LanrageError NOT_IN_PARTY … */
  async read(): Promise<PartyState> {
    const stay = this.joined();
    const { mirror } = stay;
    if (mirror && stay.isHearing && mirror.version >= stay.newest) return stateOf(mirror);
    return this.readAnew(stay);
  }

  /** @returns what was written, with its version @throws LanrageError STATE_CONFLICT, STATE_FULL, RATE_LIMITED, NOT_IN_PARTY … */
  async write(request: WriteStateRequest): Promise<StateEntry> {
    const stay = this.joined();
    const path = pathOf(stay);
    const entry = await this.control.authorized({
      method: 'POST',
      path,
      body: request,
      answer: stateEntrySchema,
    });
    stay.newest = Math.max(stay.newest, entry.version);
    // Without a mirror to keep the order, the server's word of it is waited for, as by everybody else.
    if (stay.mirror) this.adopt(stay, withChange(stay.mirror, entry));
    return entry;
  }

  /** The agent is in a party now. @param version of its state as the server told it; undefined: an older server */
  enter(partyId: PartyId, version = 0): void {
    const early = this.heardEarly?.partyId === partyId ? this.heardEarly.version : 0;
    const newest = Math.max(version, early);
    this.stay = { partyId, mirror: undefined, told: [], toldVersion: version, newest, isHearing: true };
  }

  leave(): void {
    this.stay = undefined;
    clearTimeout(this.renewal);
    this.renewal = undefined;
  }

  /** The server tells of a change. */
  hear({ partyId, ...change }: StateEntry & { readonly partyId: PartyId }): void {
    const { stay } = this;
    if (stay?.partyId !== partyId) {
      this.heardEarly = { partyId, version: change.version };
      return;
    }
    stay.newest = Math.max(stay.newest, change.version);
    if (stay.mirror) this.adopt(stay, withChange(stay.mirror, change));
    else {
      stay.told = [...stay.told, change].slice(-MOST_TOLD);
      this.tell(stay, [change]);
    }
    if (isBehind(stay)) this.renewSoon();
  }

  /** Changes arrive again, from this version on. @param version undefined: an older server, which does not say */
  resume(version: number | undefined): void {
    const { stay } = this;
    if (!stay) return;
    const known = stay.mirror?.version ?? stay.toldVersion;
    const hasMissed = version === undefined ? stay.mirror !== undefined : version > known;
    if (hasMissed) void this.renew(stay);
    else stay.isHearing = true;
  }

  private async readAnew(stay: Stay): Promise<PartyState> {
    const request = { method: 'GET', path: pathOf(stay), answer: partyStateSchema } as const;
    const state = await this.control.authorized(request);
    const { told, toldVersion } = stay;
    const version = Math.min(toldVersion, state.version);
    const before = stay.mirror ?? { version, entries: new Map<string, StateEntry>(), early: told };
    const step = withState(before, state);
    stay.newest = Math.max(stay.newest, state.version);
    this.adopt(stay, step);
    return stateOf(step.mirror);
  }

  private adopt(stay: Stay, { mirror, changes }: MirrorStep): void {
    stay.mirror = mirror;
    this.tell(stay, changes);
  }

  /** Changes do not arrive any more. */
  private lose(): void {
    if (this.stay) this.stay.isHearing = false;
  }

  /** Each change once. */
  private tell(stay: Stay, changes: readonly StateEntry[]): void {
    const isNew = changes.filter(({ version }) => version > stay.toldVersion);
    stay.toldVersion = Math.max(stay.toldVersion, ...isNew.map(({ version }) => version));
    if (this.stay === stay) isNew.forEach((change) => this.emit('changed', change));
  }

  private async renew(stay: Stay): Promise<void> {
    try {
      await this.readAnew(stay);
      stay.isHearing = true;
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
      // Without a connection the next one does it.
      if (error.retryable) this.renewSoon();
    }
  }

  private renewSoon(): void {
    this.renewal ??= setTimeout(() => {
      this.renewal = undefined;
      if (this.stay && isBehind(this.stay)) void this.renew(this.stay);
    }, RENEWAL_INTERVAL_MS).unref();
  }

  private joined(): Stay {
    if (!this.stay) throw new LanrageError('NOT_IN_PARTY');
    return this.stay;
  }
}

/** Whether something was missed. */
function isBehind({ mirror, newest, isHearing }: Stay): boolean {
  return !isHearing || (mirror !== undefined && mirror.version < newest);
}

function pathOf({ partyId }: Stay): string {
  return `/v1/parties/${partyId}/state`;
}
