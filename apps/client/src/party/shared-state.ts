import {
  partyStateSchema,
  stateEntrySchema,
  type PartyState,
  type StateEntry,
  type WriteStateRequest,
} from '#shared/api/state';
import type { PartyId } from '#shared/party/identity';
import type { ControlPlane } from '../control/control-plane';

/**
 * What the members of the party share, for games and tools. A write names the version that it was decided on, so that
 * of two at the same moment one is refused with STATE_CONFLICT. The manager's `stateChanged` tells of every change.
 */
export class SharedState {
  /** @param partyId throws NOT_IN_PARTY while in none */
  constructor(
    private readonly control: ControlPlane,
    private readonly partyId: () => PartyId,
  ) {}

  /** @throws LanrageError */
  read(): Promise<PartyState> {
    return this.control.authorized({ method: 'GET', path: this.path(), answer: partyStateSchema });
  }

  /** @returns what was written, with its version @throws LanrageError STATE_CONFLICT, STATE_FULL, RATE_LIMITED … */
  write(request: WriteStateRequest): Promise<StateEntry> {
    return this.control.authorized({
      method: 'POST',
      path: this.path(),
      body: request,
      answer: stateEntrySchema,
    });
  }

  private path(): string {
    return `/v1/parties/${this.partyId()}/state`;
  }
}
