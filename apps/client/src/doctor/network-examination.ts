import { performance } from 'node:perf_hooks';
import { serverInfoSchema, type ServerInfo } from '#shared/api/rest';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { ClientConfig } from '../config';
import { namingFault } from '../connection/vantage';
import { ControlHttp } from '../control/http';
import { NATTraversal } from '../nat/nat-traversal';
import { offerOf, type Offer } from '../nat/offer';
import { figuresFrom, nearestFirst } from '../nat/relay-figures';
import { ipv4Access } from '../network/ipv4/ipv4-access';
import { formatPrefix } from '../network/ipv4/nat64-prefix';
import type { Ipv4Way } from '../network/ipv4/translation';
import { surroundings } from '../network/surroundings';
import type { NetcheckReport, StunServerReport } from './network-report';

const SERVER_LIMIT_MS = 5_000;

/** Asks the server and everybody who speaks STUN; takes 8 s at most, and does not fail. */
export async function examineNetwork(
  config: Pick<ClientConfig, 'server' | 'stunServers'>,
): Promise<NetcheckReport> {
  const { relays, refused, ...server } = await askServer(config.server);
  const configured = config.stunServers.flatMap((text) => parseEndpoint(text) ?? []);
  const offered = relays.flatMap(({ stunEndpoints }) => stunEndpoints);
  const servers = [...new Set([...configured, ...offered])];
  const natInfo = await new NATTraversal(() => Promise.resolve(servers)).detectNat();
  const stunServers = natInfo.stunServers.map((stunServer) => ({
    ...stunServer,
    relay: relayAt(stunServer.endpoint, relays),
  }));
  const figures = nearestFirst(figuresFrom(relays, natInfo.stunServers));
  return { server, relays: figures, stunServers, refused, ipv4: reportOf(await ipv4Access.look()), natInfo };
}

function reportOf(way: Ipv4Way): NetcheckReport['ipv4'] {
  return { way: way.kind, prefix: way.kind === 'nat64' ? formatPrefix(way.prefix) : null };
}

function relayAt(endpoint: Endpoint, relays: ServerInfo['relays']): StunServerReport['relay'] {
  const relay = relays.find(({ stunEndpoints }) => stunEndpoints.includes(endpoint));
  return relay ? { id: relay.id, region: relay.region } : null;
}

async function askServer(url: string): Promise<NetcheckReport['server'] & Pick<Offer, 'relays' | 'refused'>> {
  const http = new ControlHttp(new URL(url));
  const startedAtMs = performance.now();
  try {
    const info = await http.request({
      method: 'GET',
      path: '/v1/server',
      answer: serverInfoSchema,
      signal: AbortSignal.timeout(SERVER_LIMIT_MS),
    });
    const latencyMs = performance.now() - startedAtMs;
    const mayName = (endpoint: Endpoint) =>
      namingFault(endpoint, http.addresses.all, surroundings()) === null;
    return { url, latencyMs, error: null, ...offerOf(info, mayName) };
  } catch (error) {
    if (!(error instanceof LanrageError)) throw error;
    return {
      url,
      latencyMs: null,
      error: { code: error.code, message: error.message },
      relays: [],
      refused: [],
    };
  } finally {
    await http.close();
  }
}
