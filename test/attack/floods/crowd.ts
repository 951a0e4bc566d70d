import { Client } from 'undici';
import { AgentLink } from '../../bench/support/agent-link';
import { request, signIn, type BenchAgent } from '../../bench/support/agents';

/** Somebody with an address and a key. */
export interface Someone extends BenchAgent {
  readonly http: Client;
  readonly address: string;
}

export interface Member extends Someone {
  readonly link: AgentLink;
  readonly partyId: string;
}

/** 127.N.0.1 and up. Limits count by address: each of a crowd has its own, and no crowd has that of another one. */
export function addressOf(network: number, number: number): string {
  return `127.${network}.${Math.floor(number / 250)}.${1 + (number % 250)}`;
}

export function clientOf(url: string, address: string): Client {
  return new Client(url, { localAddress: address });
}

/** Signs in so many, each from an address of its own. */
export async function signInCrowd(url: string, network: number, count: number): Promise<Someone[]> {
  const crowd: Someone[] = [];
  for (let number = 0; number < count; number++) {
    const address = addressOf(network, number);
    const http = clientOf(url, address);
    crowd.push({ ...(await signIn(http, new URL(url).host)), http, address });
  }
  return crowd;
}

/** A party of so many, all of them connected. */
export async function gather(url: string, network: number, count: number): Promise<Member[]> {
  const members: Member[] = [];
  for (const one of await signInCrowd(url, network, count)) {
    const link = await AgentLink.open(url, one.token, one.address);
    const path = members[0] ? `/v1/parties/${members[0].partyId}/join` : '/v1/parties';
    const body = { peerName: 'Member', name: 'Crowd', maxPeers: Math.max(2, count) };
    const { id } = await request<{ id: string }>(one.http, path, body, one.token);
    members.push({ ...one, link, partyId: id });
  }
  return members;
}
