/**
 * From whom an agent gets answers by UDP, which tells whose network blocks it where two agents do not reach each other:
 *
 * - `relays`: from relays.
 * - `players`: from players or other STUN servers, but from no relay.
 * - `nobody`: from nobody.
 * - `no_ipv4`: from nobody, as this network carries no IPv4, which relays have.
 * - `unknown`: it was not tried.
 */
export const udpReaches = ['relays', 'players', 'nobody', 'no_ipv4', 'unknown'] as const;
export type UdpReach = (typeof udpReaches)[number];
