import type { Server } from 'node:http';
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ownAddress } from '#runtime/own-address';
import { startWatchdog } from '#runtime/watchdog';
import { ipScope } from '#shared/ip-scope';
import { ConfigError } from '#shared/settings';
import { type Config, readConfig, redacted, unknownVariables } from './config';
import { ControlLink } from './control-link';
import { openFastPath } from './fastpath/open';
import { openLog } from './log';
import { serveMetrics } from './metrics';
import { Relay } from './relay';
import { StartFault, withMetricsPort, withStunPorts } from './start-fault';
import { StunServer } from './stun/server';
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
  const openUdp = await chooseUdpPorts(config.isBatchingWanted, log, config.publicAddress);
  const stunOptions = { addresses: config.stunAddresses, port, alternatePort, openUdp };
  const onStunError = (error: Error) => log.warn({ err: error }, 'socket failed');
  const stun = await withStunPorts(config, () => StunServer.open(stunOptions, onStunError));
  const fastPath = config.fastPath === 'off' ? undefined : await openFastPath(config.fastPath, config, log);
  const relay = new Relay({ ...config, fastPath, openUdp }, log);
  const { relayId, region, publicAddress, ports } = config;
  const facts = { relayId, region, publicAddress, ports };
  const announced = {
    ...facts,
    stunEndpoints: stun.endpoints,
    capacityPairs: relay.capacity,
    draining: false,
  };
  const link = new ControlLink({ ...config, announced, stun }, relay, log);
  const observed = { relay, fastPath, stun, isControlConnected: () => link.isConnected };
  const metrics = await withMetricsPort(config, () =>
    serveMetrics(observed, config.metricsBindAddress, config.metricsPort),
  );
  const idleCheck = setInterval(() => {
    if (!link.isConnected) void relay.closeIdle(config.idleMs);
  }, idleCheckMs);
  link.start();
  log.info({ config: redacted(config) }, 'relay listening');
  const range = `${ports.first}-${ports.last}`;
  process.send?.({ ready: true, publicAddress, ports: range, stunEndpoints: stun.endpoints });
  void link.connected.then(() => process.connected && process.send?.({ connected: true }));
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
  // For each address of a control plane that has several; Node's own 250 ms are less than a long round trip takes.
  setDefaultAutoSelectFamilyAttemptTimeout(1500);
  const config = readConfig(await ownAddress());
  startWatchdog();
  const log = await openLog(config.logLevel);
  for (const { name, message } of unknownVariables()) log.warn({ setting: name }, message);
  if (ipScope(config.publicAddress) !== 'global')
    log.warn(
      { publicAddress: config.publicAddress },
      'players in other networks cannot send to this public address; set LANRAGE_PUBLIC_ADDRESS to the one known on the Internet',
    );
  stopOnRequest(await start(config, log), log);
}

main().catch((error: unknown) => {
  const isExpected = error instanceof ConfigError || error instanceof StartFault;
  console.error(isExpected ? error.message : error);
  process.exit(1);
});
