import type { Client } from 'undici';
import type { AgentLink } from './agent-link';
import type { BenchAgent } from './agents';
import { BENCH_RELAY } from './bench-relay';

export interface SwarmAgent extends BenchAgent {
  readonly address: string;
  /** The node that it is connected to. */
  url: string;
  http: Client;
  link: AgentLink;
  readonly partyId: string;
}

/** The presence of an agent behind a router, with its address there and the one that it was seen at. */
export function presenceOf(number: number, port = 40_000): object {
  const tail = `${(number >> 8) % 256}.${number % 256}`;
  return {
    natType: 'port_restricted_cone',
    endpoint: `100.64.${tail}:${port}`,
    candidates: [{ kind: 'host', endpoint: `192.168.${tail}:51820` }],
    relayRoundTripsMs: { [BENCH_RELAY.id]: 20 + (number % 30) },
  };
}
