/** From where a server on this machine can be reached, and at which address. Pure. */
import { ipScope } from '#shared/ip-scope';
import type { LocalPort } from '../nat/gateway/mapping';
import type { PortSetOutcome } from '../nat/port-set';

export interface ServerPorts {
  /** TCP. */
  readonly http: number;
  /** UDP, both. */
  readonly stun: readonly [number, number];
  /** UDP, the first and the last. */
  readonly relay: readonly [number, number];
}

/** Why friends of other networks do not reach this machine. */
export type Obstacle = Exclude<PortSetOutcome, { readonly kind: 'mapped' }>;

/**
 * `public`: this machine has a public address of its own; `mapped`: the router leads its ports here; `told`: the host named the
 * address, and forwards the ports by hand; `home`: nobody but the own network reaches it.
 */
export type Reach =
  | { readonly kind: 'public' | 'mapped' | 'told'; readonly address: string }
  | { readonly kind: 'home'; readonly address: string; readonly obstacle: Obstacle };

/** All ports that strangers have to reach; HTTP first. */
export function portsOf({ http, stun, relay: [first, last] }: ServerPorts): [LocalPort, ...LocalPort[]] {
  const relay = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const udp = [...stun, ...relay].map((port): LocalPort => ({ port, transport: 'udp' }));
  return [{ port: http, transport: 'tcp' }, ...udp];
}

/** The reach that needs no router: undefined where one has to be asked. @param told by the host */
export function reachWithoutRouter(told: string | undefined, ownAddress: string): Reach | undefined {
  if (told !== undefined) return { kind: 'told', address: told };
  return ipScope(ownAddress) === 'global' ? { kind: 'public', address: ownAddress } : undefined;
}

export function reachBy(outcome: PortSetOutcome, ownAddress: string): Reach {
  if (outcome.kind === 'mapped') return { kind: 'mapped', address: outcome.address };
  return { kind: 'home', address: ownAddress, obstacle: outcome };
}

/** @param address IP address */
export function serverUrl(address: string, { http }: ServerPorts): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${http}`;
}
