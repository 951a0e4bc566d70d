/**
 * Why two players do not reach each other, though a relay is to carry them: a table of causes and of the evidence for them. Pure.
 *
 * No side sees more than its own silence, so each tells the others from whom it gets answers by UDP (udp-reach.ts), and the
 * server's connection is TCP, which goes on where UDP is blocked.
 */
import type { UdpReach } from '#shared/party/udp-reach';

/** What is known when packets do not come through. */
export interface Evidence {
  /** Whether this agent is connected to the control plane. */
  readonly server: 'there' | 'away';
  /** From whom this agent gets answers. */
  readonly own: UdpReach;
  /** From whom the other player's agent says that it gets answers; `away`: it has lost the control plane. */
  readonly peer: UdpReach | 'away';
  /** What the other members reach, all together, see {@link othersReach}. */
  readonly others: OthersReach;
  /** Whether this agent reaches another member via a relay just now. */
  readonly isRelaying: boolean;
}

/** `relays`: somebody gets answers from a relay; `nobody`: none of those who tried gets one; `unknown`: nobody has tried. */
export type OthersReach = 'relays' | 'nobody' | 'unknown';

export const unreachedCauses = [
  'no_ipv4',
  'server_down',
  'peer_unknown',
  'own_udp_blocked',
  'relays_unreachable',
  'udp_undecided',
  'peer_away',
  'peer_no_ipv4',
  'peer_udp_blocked',
  'peer_silent',
  'relay_ports_closed',
  'no_answer',
] as const;
export type UnreachedCause = (typeof unreachedCauses)[number];

type Row = readonly [
  cause: UnreachedCause,
  evidence: { readonly [Field in keyof Evidence]?: readonly Evidence[Field][] },
];

/** The first row whose evidence is there names the cause; what a row does not mention does not matter. */
const table: readonly Row[] = [
  ['no_ipv4', { own: ['no_ipv4'] }],
  // Server and relay are mostly one machine; an agent that reaches neither learns nothing about the others.
  ['server_down', { server: ['away'], own: ['nobody', 'players', 'unknown'] }],
  ['peer_unknown', { server: ['away'] }],
  // No answer here: this network, if others get one; else the relay.
  ['own_udp_blocked', { own: ['nobody', 'players'], others: ['relays'] }],
  ['relays_unreachable', { own: ['players'] }],
  ['relays_unreachable', { own: ['nobody'], others: ['nobody'] }],
  ['udp_undecided', { own: ['nobody'] }],
  ['peer_away', { peer: ['away'] }],
  // Answers here: the other side, if it gets none.
  ['peer_no_ipv4', { own: ['relays'], peer: ['no_ipv4'] }],
  ['peer_udp_blocked', { own: ['relays'], peer: ['nobody', 'players'] }],
  ['peer_silent', { own: ['relays'], isRelaying: [true] }],
  // Both get answers by STUN, and none on the relay's other ports.
  ['relay_ports_closed', { own: ['relays'], peer: ['relays'] }],
  ['no_answer', {}],
];

/** @returns what keeps the two from each other; `no_answer` when nothing more is known */
export function causeOf(evidence: Evidence): UnreachedCause {
  const row = table.find(([, wanted]) => fits(evidence, wanted));
  return row?.[0] ?? 'no_answer';
}

/** What the other members say, as one word. */
export function othersReach(said: readonly UdpReach[]): OthersReach {
  if (said.includes('relays')) return 'relays';
  return said.some((reach) => reach === 'players' || reach === 'nobody') ? 'nobody' : 'unknown';
}

const hopeless: ReadonlySet<UnreachedCause> = new Set([
  'no_ipv4',
  'own_udp_blocked',
  'relays_unreachable',
  'udp_undecided',
  'peer_no_ipv4',
  'peer_udp_blocked',
]);

/** Whether it is known beforehand that no relay will carry the two, so that the player need not wait to be told. */
export function isHopeless(evidence: Evidence): boolean {
  return hopeless.has(causeOf(evidence));
}

function fits(evidence: Evidence, wanted: Row[1]): boolean {
  return (Object.keys(wanted) as (keyof Evidence)[]).every((field) => {
    const values: readonly unknown[] = wanted[field] ?? [];
    return values.includes(evidence[field]);
  });
}
