import { randomBytes } from 'node:crypto';
import { ipScope } from '#shared/ip-scope';
import type { Gateway } from './default-gateway';
import { GatewaySocket } from './gateway-socket';
import { graceAfter } from './grace';
import { noPublicAddress, outcomeOf, type LocalPort, type Mapper, type MappingOutcome } from './mapping';
import {
  decodeNatPmpMapping,
  decodePublicAddress,
  encodeNatPmpMapRequest,
  encodePublicAddressRequest,
  natPmpResult,
} from './nat-pmp';
import { decodePcpMapping, encodePcpMapRequest, isPcpUnsupported, pcpResult, type PcpMapping } from './pcp';

interface Wish {
  readonly leaseSeconds: number;
  readonly wishedPort: number;
}

type PublicAddress = NonNullable<ReturnType<typeof decodePublicAddress>>;

/** Old gateways do not answer PCP at all; how long the newer protocol gets after the older one has answered. */
const PCP_GRACE_MS = 500;
const silent: MappingOutcome = { kind: 'silent' };
/** Deletes, in both protocols. */
const noWish: Wish = { leaseSeconds: 0, wishedPort: 0 };

/** PCP, or NAT-PMP where the gateway does not know PCP: they share a port. */
export class PortControl implements Mapper {
  private readonly nonce = randomBytes(12);
  /** Known once the gateway has answered. */
  private protocol: 'pcp' | 'nat_pmp' | undefined;

  constructor(
    private readonly gateway: Gateway,
    private readonly local: LocalPort,
  ) {}

  async map(leaseSeconds: number, wishedPort: number, signal: AbortSignal): Promise<MappingOutcome> {
    const wish = { leaseSeconds, wishedPort };
    const mapped = await this.withSocket((socket) => {
      if (this.protocol === 'pcp') return this.mapByPcp(socket, wish, signal);
      if (this.protocol === 'nat_pmp') return this.mapByNatPmp(socket, wish, signal);
      return this.mapByEither(socket, wish, signal);
    });
    return mapped ?? silent;
  }

  forPort(local: LocalPort): PortControl {
    const other = new PortControl(this.gateway, local);
    other.protocol = this.protocol;
    return other;
  }

  async unmap(signal: AbortSignal): Promise<void> {
    await this.withSocket<unknown>((socket) =>
      this.protocol === 'nat_pmp'
        ? this.askByNatPmp(socket, noWish, signal)
        : this.askByPcp(socket, noWish, signal),
    );
  }

  /** Asks NAT-PMP for no more than the address meanwhile, so that only one of the two can make a mapping. */
  private async mapByEither(socket: GatewaySocket, wish: Wish, signal: AbortSignal): Promise<MappingOutcome> {
    const asking = this.askPublicAddress(socket, signal);
    const limited = AbortSignal.any([signal, graceAfter(asking, PCP_GRACE_MS)]);
    const answer = await this.askByPcp(socket, wish, limited);
    if (answer && answer !== 'unsupported') {
      this.protocol = 'pcp';
      const outcome = await this.outcomeOfPcp(answer, socket, signal);
      if (outcome.kind !== 'refused') return outcome;
      // Its results do not tell that the gateway has no public address; NAT-PMP does.
      const known = await asking;
      return (known && obstacleOf(known)) ?? outcome;
    }
    const address = await asking;
    if (!address) return silent;
    this.protocol = 'nat_pmp';
    return this.mapAtAddress(address, socket, wish, signal);
  }

  private async mapByPcp(socket: GatewaySocket, wish: Wish, signal: AbortSignal): Promise<MappingOutcome> {
    const answer = await this.askByPcp(socket, wish, signal);
    return answer && answer !== 'unsupported' ? this.outcomeOfPcp(answer, socket, signal) : silent;
  }

  private async mapByNatPmp(socket: GatewaySocket, wish: Wish, signal: AbortSignal): Promise<MappingOutcome> {
    const address = await this.askPublicAddress(socket, signal);
    return address ? this.mapAtAddress(address, socket, wish, signal) : silent;
  }

  private askByPcp(
    socket: GatewaySocket,
    wish: Wish,
    signal: AbortSignal,
  ): Promise<PcpMapping | 'unsupported' | undefined> {
    const { ownAddress } = this.gateway;
    const request = { ...wish, ownAddress, nonce: this.nonce, local: this.local };
    const read = (datagram: Buffer) =>
      isPcpUnsupported(datagram) ? ('unsupported' as const) : decodePcpMapping(datagram, request);
    return socket.exchange(encodePcpMapRequest(request), read, signal);
  }

  private async outcomeOfPcp(
    { result, leaseSeconds, externalAddress, externalPort }: PcpMapping,
    socket: GatewaySocket,
    signal: AbortSignal,
  ): Promise<MappingOutcome> {
    if (result === pcpResult.networkFailure) return noPublicAddress();
    if (result !== pcpResult.success) return refusal('PCP', result);
    const outcome = outcomeOf('pcp', { address: externalAddress, port: externalPort }, leaseSeconds);
    if (outcome.kind !== 'mapped') await this.askByPcp(socket, noWish, signal);
    return outcome;
  }

  private askPublicAddress(socket: GatewaySocket, signal: AbortSignal): Promise<PublicAddress | undefined> {
    return socket.exchange(encodePublicAddressRequest(), decodePublicAddress, signal);
  }

  private async mapAtAddress(
    publicAddress: PublicAddress,
    socket: GatewaySocket,
    wish: Wish,
    signal: AbortSignal,
  ): Promise<MappingOutcome> {
    const obstacle = obstacleOf(publicAddress);
    if (obstacle) return obstacle;
    const answer = await this.askByNatPmp(socket, wish, signal);
    if (!answer) return silent;
    if (answer.result !== natPmpResult.success) return refusal('NAT-PMP', answer.result);
    const { address } = publicAddress;
    return outcomeOf('nat_pmp', { address, port: answer.externalPort }, answer.leaseSeconds);
  }

  private askByNatPmp(socket: GatewaySocket, wish: Wish, signal: AbortSignal) {
    const request = encodeNatPmpMapRequest({ ...wish, local: this.local });
    return socket.exchange(request, (datagram) => decodeNatPmpMapping(datagram, this.local), signal);
  }

  private async withSocket<T>(use: (socket: GatewaySocket) => Promise<T>): Promise<T | undefined> {
    const socket = await GatewaySocket.open(this.gateway);
    try {
      return socket ? await use(socket) : undefined;
    } finally {
      socket?.close();
    }
  }
}

/** Why the gateway's address allows for no mapping; undefined when it does. */
function obstacleOf({ result, address }: PublicAddress): MappingOutcome | undefined {
  if (result !== natPmpResult.success && result !== natPmpResult.networkFailure) {
    return refusal('NAT-PMP', result);
  }
  return ipScope(address) === 'global' ? undefined : noPublicAddress(address);
}

function refusal(protocol: string, result: number): MappingOutcome {
  return { kind: 'refused', detail: `the router refuses by ${protocol}, with result ${result}` };
}
