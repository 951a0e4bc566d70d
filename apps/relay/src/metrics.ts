import { createServer, type Server, type ServerResponse } from 'node:http';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { FastPath } from './fastpath/fast-path';
import type { Relay } from './relay';
import type { StunServer } from './stun/server';
import { Overflows } from './udp/overflows';

export interface Observed {
  readonly relay: Relay;
  /** Missing where user space forwards everything. */
  readonly fastPath?: FastPath | undefined;
  readonly stun: StunServer;
  readonly isControlConnected: () => boolean;
}

/** The metrics of a relay. They are read when they are asked for and cost nothing per packet. */
export function relayMetrics({ relay, fastPath, stun, isControlConnected }: Observed): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name: `lanrage_${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `lanrage_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });

  gauge('relay_pairs', 'Pairs that are open', () => relay.pairCount);
  gauge('relay_sessions', 'WireGuard sessions that are known', () => relay.sessionCount);
  gauge('relay_capacity_pairs', 'Pairs that can be open at once', () => relay.capacity);
  gauge('relay_control_connected', '1 while the control plane is connected', () =>
    Number(isControlConnected()),
  );
  counter('relay_packets', 'Datagrams forwarded', () => relay.totals().forwardedPackets);
  counter('relay_bytes', 'Bytes of UDP payload forwarded', () => relay.totals().forwardedBytes);
  gauge('relay_kernel_flows', 'Directions of sessions that the kernel forwards', () => fastPath?.size ?? 0);
  counter(
    'relay_kernel_packets',
    'Datagrams forwarded by the kernel, part of relay_packets',
    () => fastPath?.total.packets ?? 0,
  );
  counter('relay_handshakes', 'Handshakes answered', () => relay.totals().handshakes);
  counter('stun_answers', 'STUN binding requests answered or refused', () => stun.stats.answers);
  counter('stun_ignored', 'Datagrams to the STUN port that are not STUN', () => stun.stats.ignored);
  const byReason = (name: string, help: string, read: () => Readonly<Record<string, number>>) =>
    new Counter({
      name: `lanrage_${name}_total`,
      help,
      labelNames: ['reason'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [reason, count] of Object.entries(read())) this.inc({ reason }, count);
      },
    });
  byReason(
    'stun_limited',
    'Datagrams to the STUN port beyond the rate of their source, or of the whole service',
    () => stun.stats.limited,
  );
  byReason('relay_drops', 'Datagrams dropped, by reason', () => relay.totals().drops);
  byReason('relay_pairs_refused', 'Pairs that were not opened, by reason', () => relay.refusals);
  counter(
    'relay_sources_forgotten',
    'IP addresses whose rates were forgotten because too many others came',
    () => relay.sourcesForgotten,
  );
  const overflows = new Overflows();
  counter(
    'relay_socket_overflows',
    'Datagrams to open ports that the kernel dropped because the relay could not keep up (Linux)',
    () => overflows.total(new Set([...relay.ports, ...stun.ports])),
  );
  return registry;
}

/** Serves GET /health and GET /metrics to the relay's operator; resolves to the server, listening. */
export async function serveMetrics(observed: Observed, address: string, port: number): Promise<Server> {
  const registry = relayMetrics(observed);
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/metrics') void answerMetrics(registry, response);
    else if (request.method === 'GET' && request.url === '/health') answerHealth(observed, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, address, resolve);
  });
  return server;
}

async function answerMetrics(registry: Registry, response: ServerResponse): Promise<void> {
  const body = await registry.metrics();
  response.writeHead(200, { 'content-type': registry.contentType }).end(body);
}

/** A relay is healthy without the control plane: the games that run go on. */
function answerHealth({ relay, isControlConnected }: Observed, response: ServerResponse): void {
  const control = isControlConnected() ? 'connected' : 'away';
  const body = JSON.stringify({ status: 'ok', control, pairs: relay.pairCount });
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}
