import { randomInt } from 'node:crypto';
import { ipScope } from '#shared/ip-scope';
import type { Gateway } from './default-gateway';
import { soapAnswer, soapRequest, upnpError, type SoapAnswer, type WanService } from './igd';
import { searchIgd } from './igd-search';
import { exchangeHttp } from './http';
import { noPublicAddress, outcomeOf, type LocalPort, type Mapper, type MappingOutcome } from './mapping';

/** What a router's pages show. */
const MAPPING_NAME = 'LANrage';
/** How many other public ports are tried when the wished one is taken. */
const MAX_OTHER_PORTS = 3;
const silent: MappingOutcome = { kind: 'silent' };

/** The Internet Gateway Device of UPnP on the default gateway. No other device is ever spoken to. */
export class Igd implements Mapper {
  /** The public port of the mapping that is certainly ours. */
  private externalPort: number | undefined;

  private constructor(
    private readonly gateway: Gateway,
    private services: readonly WanService[],
    private readonly local: LocalPort,
  ) {}

  /** Looks for it, which changes nothing there. Null without one after 3 s, and when the signal is aborted. */
  static async find(gateway: Gateway, local: LocalPort, signal: AbortSignal): Promise<Igd | null> {
    const services = await searchIgd(gateway, signal);
    return services ? new Igd(gateway, services, local) : null;
  }

  forPort(local: LocalPort): Igd {
    return new Igd(this.gateway, this.services, local);
  }

  async map(leaseSeconds: number, wishedPort: number, signal: AbortSignal): Promise<MappingOutcome> {
    let outcome = silent;
    for (const service of this.services) {
      outcome = await this.mapBy(service, leaseSeconds, wishedPort, signal);
      if (outcome.kind !== 'mapped') continue;
      this.services = [service];
      break;
    }
    return outcome;
  }

  async unmap(signal: AbortSignal): Promise<void> {
    const [service] = this.services;
    if (!service || this.externalPort === undefined) return;
    await act(service, 'DeletePortMapping', this.mappingKey(this.externalPort), signal);
  }

  private async mapBy(
    service: WanService,
    leaseSeconds: number,
    wishedPort: number,
    signal: AbortSignal,
  ): Promise<MappingOutcome> {
    const about = await act(service, 'GetExternalIPAddress', {}, signal);
    if (!about) return silent;
    const address = about.values.get('NewExternalIPAddress') ?? '';
    if (ipScope(address) !== 'global') return noPublicAddress(address);
    const others = Array.from({ length: MAX_OTHER_PORTS }, () => randomInt(1_024, 65_536));
    for (const port of [wishedPort, ...others]) {
      const answer = await act(service, 'AddPortMapping', this.wish(port, leaseSeconds), signal);
      if (!answer) return silent;
      if (answer.error === null) {
        this.externalPort = port;
        return outcomeOf('upnp', { address, port }, leaseSeconds);
      }
      if (!isConflict(answer.error)) return refusal(answer.error);
    }
    return refusal(upnpError.conflict);
  }

  /** The order of the arguments is the one of the service's definition; some gateways insist on it. */
  private wish(externalPort: number, leaseSeconds: number): Record<string, string | number> {
    return {
      ...this.mappingKey(externalPort),
      NewInternalPort: this.local.port,
      NewInternalClient: this.gateway.ownAddress,
      NewEnabled: 1,
      NewPortMappingDescription: MAPPING_NAME,
      NewLeaseDuration: leaseSeconds,
    };
  }

  private mappingKey(externalPort: number): Record<string, string | number> {
    return {
      NewRemoteHost: '',
      NewExternalPort: externalPort,
      NewProtocol: this.local.transport.toUpperCase(),
    };
  }
}

/** Undefined without an answer that can be understood. */
async function act(
  service: WanService,
  action: string,
  values: Readonly<Record<string, string | number>>,
  signal: AbortSignal,
): Promise<SoapAnswer | undefined> {
  const request = soapRequest(service.type, action, values);
  const answer = await exchangeHttp(service.controlUrl, { method: 'POST', ...request }, signal);
  return answer && soapAnswer(answer.status, answer.text);
}

function isConflict(error: number): boolean {
  return error === upnpError.conflict || error === upnpError.conflictWithOtherMechanisms;
}

function refusal(error: number): MappingOutcome {
  const reason =
    error === upnpError.onlyPermanentLeases
      ? 'only maps ports forever, which would outlive the game'
      : `refuses by UPnP, with error ${error}`;
  return { kind: 'refused', detail: `the router ${reason}` };
}
