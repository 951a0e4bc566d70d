/** What a gateway can be asked for, and what it may say to that. */
import { formatEndpoint, type Endpoint, type SocketAddress } from '#shared/endpoint';
import { ipScope } from '#shared/ip-scope';

export type MappingProtocol = 'pcp' | 'nat_pmp' | 'upnp';

export interface Mapped {
  readonly kind: 'mapped';
  readonly protocol: MappingProtocol;
  /** Where everybody can reach the local port. */
  readonly endpoint: Endpoint;
  readonly leaseSeconds: number;
}

export type MappingOutcome =
  | Mapped
  /** The gateway has no public address itself; `detail` for people. */
  | { readonly kind: 'double_nat'; readonly detail: string }
  /** The gateway says no. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** Nobody answers. */
  | { readonly kind: 'silent' };

/** A port of this machine. */
export interface LocalPort {
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
}

/** One port of this machine, to be mapped by one gateway in one way. */
export interface Mapper {
  /**
   * Asks for the mapping, or for more time if it is there already. Never rejects; an aborted signal makes it silent.
   * @param wishedPort of the public endpoint; the gateway may choose another one
   */
  map(leaseSeconds: number, wishedPort: number, signal: AbortSignal): Promise<MappingOutcome>;
  /** Deletes the mapping, if there is one and the gateway is still there. Never rejects. */
  unmap(signal: AbortSignal): Promise<void>;
  /** The way that this one has found, for another port. */
  forPort(local: LocalPort): Mapper;
}

/** What it means that a gateway promises an external address. */
export function outcomeOf(
  protocol: MappingProtocol,
  { address, port }: SocketAddress,
  leaseSeconds: number,
): MappingOutcome {
  if (ipScope(address) !== 'global') return noPublicAddress(address);
  if (port === 0 || leaseSeconds === 0) return { kind: 'refused', detail: 'the router grants nothing' };
  return { kind: 'mapped', protocol, endpoint: formatEndpoint({ address, port }), leaseSeconds };
}

/** The more specific of two failures. */
export function moreTelling(one: MappingOutcome, other: MappingOutcome): MappingOutcome {
  const ranks = ['mapped', 'double_nat', 'refused', 'silent'] as const;
  return ranks.indexOf(one.kind) <= ranks.indexOf(other.kind) ? one : other;
}

/** @param address that the gateway has instead; none when it does not say */
export function noPublicAddress(address?: string): MappingOutcome {
  const known = address && address !== '0.0.0.0' ? `, only ${address}` : '';
  return { kind: 'double_nat', detail: `the router has no public address${known}` };
}
