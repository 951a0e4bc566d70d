import type { PartyState } from '#shared/api/state';
import type { SharedState } from '../party/shared-state';
import type { AgentEvents } from './agent-events';
import type { LocalRequest } from './local-api';

/**
 * The shared state, as soon as its version is another than the one that is known already; after `seconds` as it is.
 * @param gone aborted when nobody waits any more
 * @throws LanrageError NOT_IN_PARTY, also when the party ends meanwhile, CONTROL_UNAVAILABLE …
 */
export async function awaitState(
  sharedState: SharedState,
  events: AgentEvents,
  { version, seconds }: LocalRequest<'awaitState'>,
  gone: AbortSignal,
): Promise<PartyState> {
  const over = AbortSignal.any([gone, AbortSignal.timeout(seconds * 1000)]);
  for (;;) {
    const state = await sharedState.read();
    if (state.version !== version || over.aborted) return state;
    await nextChange(events, over);
  }
}

function nextChange(events: AgentEvents, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stop();
      over.removeEventListener('abort', done);
      resolve();
    };
    const stop = events.follow(({ event }) => {
      if (event === 'stateChanged' || event === 'ended') done();
    });
    over.addEventListener('abort', done, { once: true });
  });
}
