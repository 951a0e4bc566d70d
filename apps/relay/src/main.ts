import type { Server } from 'node:http';
import { type Logger, pino } from 'pino';
import { RELAY_LINK_VERSION } from '#shared/api/relay-link';
import { type Config, ConfigError, readConfig, redacted } from './config';
import { ControlLink } from './control-link';
import { openFastPath } from './fastpath/open';
import { serveMetrics } from './metrics';
import { Relay } from './relay';
import { StunServer } from './stun/server';
import { PortUnavailableError } from './udp/bind';

const idleCheckMs = 60_000;

/** Everything that runs, started in this order and stopped in the opposite one. */
async function start(config: Config, log: Logger): Promise<() => Promise<void>> {
  const [port, alternatePort] = config.stunPorts;
  const stun = await StunServer.open({ addresses: config.stunAddresses, port, alternatePort }, (error) =>
    log.warn({ err: error }, 'socket failed'),
  );
  const fastPath = config.isFastPathWanted ? await openFastPath(config, log) : undefined;
  const relay = new Relay({ ...config, fastPath }, log);
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
  return async () => {
    clearInterval(idleCheck);
    link.stop();
    await Promise.all([closeHttp(metrics), relay.stop(), stun.close()]);
    await fastPath?.stop();
  };
}

function closeHttp(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Stops on the usual signals, and when the process that started this one is gone. */
function stopOnRequest(stop: () => Promise<void>, log: Logger): void {
  let isStopping = false;
  const onRequest = (reason: string) => {
    if (isStopping) return;
    isStopping = true;
    log.info({ reason }, 'relay stopping');
    void stop().then(() => process.exit(0));
  };
  process.on('SIGINT', () => onRequest('SIGINT'));
  process.on('SIGTERM', () => onRequest('SIGTERM'));
  process.on('disconnect', () => onRequest('the starting process is gone'));
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
