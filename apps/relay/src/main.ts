import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import { RELAY_LINK_VERSION } from '#shared/api/relay-link';
import { type Config, ConfigError, readConfig, redacted } from './config';
import { ControlLink } from './control-link';
import { openFastPath } from './fastpath/open';
import { serveMetrics } from './metrics';
import { Relay } from './relay';
import { StunServer } from './stun/server';
import { PortUnavailableError } from './udp/bind';
import { chooseUdpPorts } from './udp/open';

const idleCheckMs = 60_000;
const drainCheckMs = 100;

interface Running {
  /** Resolves when nothing is open here any more, or when it makes no sense to wait longer. */
  readonly drain: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Everything that runs, started in this order and stopped in the opposite one. */
async function start(config: Config, log: Logger): Promise<Running> {
  const [port, alternatePort] = config.stunPorts;
  const stun = await StunServer.open({ addresses: config.stunAddresses, port, alternatePort }, (error) =>
    log.warn({ err: error }, 'socket failed'),
  );
  const fastPath = config.fastPath === 'off' ? undefined : await openFastPath(config.fastPath, config, log);
  const openUdp = await chooseUdpPorts(config.isBatchingWanted, log);
  const relay = new Relay({ ...config, fastPath, openUdp }, log);
  const handshake = {
    version: RELAY_LINK_VERSION,
    secret: config.secret,
    relayId: config.relayId,
    region: config.region,
    publicAddress: config.publicAddress,
    stunEndpoints: stun.endpoints,
    capacityPairs: relay.capacity,
  } as const;
  const link = new ControlLink(config.controlUrl, handshake, relay, log);
  const metrics = await serveMetrics(
    { relay, fastPath, stun, isControlConnected: () => link.isConnected },
    config.metricsBindAddress,
    config.metricsPort,
  );
  const idleCheck = setInterval(() => {
    if (!link.isConnected) void relay.closeIdle(config.idleMs);
  }, idleCheckMs);
  link.start();
  const ports = `${config.ports.first}-${config.ports.last}`;
  log.info({ config: redacted(config) }, 'relay listening');
  process.send?.({ ready: true, publicAddress: config.publicAddress, ports, stunEndpoints: stun.endpoints });
  return {
    drain: () => drain(relay, link, config.drainMs, log),
    stop: async () => {
      clearInterval(idleCheck);
      link.stop();
      await Promise.all([closeHttp(metrics), relay.stop(), stun.close()]);
      await fastPath?.stop();
    },
  };
}

/** Lets the control plane move all pairs to other relays, while they go on here; not for longer than so. */
async function drain(relay: Relay, link: ControlLink, drainMs: number, log: Logger): Promise<void> {
  const stopsAtMs = performance.now() + drainMs;
  if (drainMs === 0 || relay.pairCount === 0 || !(await link.drain(drainMs))) return;
  log.info({ pairs: relay.pairCount, drainMs }, 'relay draining');
  while (relay.pairCount > 0 && performance.now() < stopsAtMs) await sleep(drainCheckMs);
  log.info({ pairs: relay.pairCount }, 'relay drained');
}

function closeHttp(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Drains and stops on SIGTERM; stops at once on SIGINT, on a second signal, and when the process that started it is gone. */
function stopOnRequest({ drain, stop }: Running, log: Logger): void {
  let isDraining = false;
  let isStopping = false;
  const stopNow = (reason: string) => {
    if (isStopping) return;
    isStopping = true;
    log.info({ reason }, 'relay stopping');
    void stop().then(() => process.exit(0));
  };
  process.on('SIGINT', () => stopNow('SIGINT'));
  process.on('SIGTERM', () => {
    if (isDraining) return stopNow('SIGTERM');
    isDraining = true;
    void drain().then(() => stopNow('SIGTERM'));
  });
  process.on('disconnect', () => stopNow('the starting process is gone'));
}

async function main(): Promise<void> {
  const config = readConfig();
  const log = pino({ name: 'relay', level: config.logLevel });
  stopOnRequest(await start(config, log), log);
}

main().catch((error: unknown) => {
  const isExpected = error instanceof ConfigError || error instanceof PortUnavailableError;
  console.error(isExpected ? error.message : error);
  process.exit(1);
});
