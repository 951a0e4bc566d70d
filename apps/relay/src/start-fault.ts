import { portFault, type WantedPort } from '#runtime/port-fault';
import type { Config } from './config';
import { PortUnavailableError } from './udp/bind';

/** A reason not to start that the operator can mend: shown as a line, without a stack. */
export class StartFault extends Error {}

type Settings = WantedPort['settings'];

/** @throws StartFault when one of the STUN service's ports cannot be had */
export async function withStunPorts<Result>(config: Config, open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof PortUnavailableError)) throw error;
    const { cause, local } = error;
    throw faultOr(error, cause, { protocol: 'UDP', ...local, settings: stunSettings(config, local) });
  }
}

/** @throws StartFault when the port of the metrics cannot be had */
export async function withMetricsPort<Result>(config: Config, open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    const settings = { port: 'LANRAGE_RELAY_METRICS_PORT', address: 'LANRAGE_RELAY_METRICS_BIND' };
    const { metricsPort: port, metricsBindAddress: address } = config;
    throw faultOr(error, error, { protocol: 'TCP', port, address, settings });
  }
}

function faultOr(error: unknown, cause: unknown, wanted: WantedPort): unknown {
  const fault = portFault(cause, wanted);
  return fault === null ? error : new StartFault(fault);
}

function stunSettings(
  { stunPorts, stunAddresses }: Config,
  { port, address }: PortUnavailableError['local'],
): Settings {
  const isAlternateAddress = address === stunAddresses[1]?.bind;
  return {
    port: port === stunPorts[0] ? 'LANRAGE_STUN_PORT' : 'LANRAGE_STUN_ALTERNATE_PORT',
    address: isAlternateAddress ? 'LANRAGE_STUN_ALTERNATE_BIND' : 'LANRAGE_RELAY_BIND',
  };
}
