import type { Gateway } from './default-gateway';
import { graceAfter } from './grace';
import { Igd } from './igd-client';
import { moreTelling, type LocalPort, type Mapper, type MappingOutcome } from './mapping';
import { PortControl } from './port-control';

/** How long the gateway may take for PCP or NAT-PMP once its UPnP has answered. */
const PORT_CONTROL_GRACE_MS = 500;

/**
 * Maps a port by PCP or NAT-PMP if the gateway speaks it, else by UPnP. Both are looked for at once, but only one is asked
 * for a mapping at a time: two would be one and the same for many gateways, and deleting either would end both.
 *
 * @param attempt asks one way for the mapping
 */
export async function mapByAnyWay(
  gateway: Gateway,
  local: LocalPort,
  attempt: (mapper: Mapper, signal: AbortSignal) => Promise<MappingOutcome>,
  signal: AbortSignal,
): Promise<MappingOutcome> {
  const found = new AbortController();
  const searching = Igd.find(gateway, local, AbortSignal.any([signal, found.signal]));
  const limited = AbortSignal.any([signal, graceAfter(searching, PORT_CONTROL_GRACE_MS)]);
  const outcome = await attempt(new PortControl(gateway, local), limited);
  if (outcome.kind === 'mapped') {
    found.abort();
    return outcome;
  }
  const igd = await searching;
  return igd ? moreTelling(await attempt(igd, signal), outcome) : outcome;
}
