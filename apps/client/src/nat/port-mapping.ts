import { EventEmitter } from 'node:events';
import type { Endpoint } from '#shared/endpoint';
import { MappingKeeper } from './gateway/keeper';
import type { MappingProtocol } from './gateway/mapping';
import { LEASE_SECONDS, nothingYet, type Progress } from './gateway/schedule';

/**
 * `none`: no router answers, or nothing was asked yet. `double_nat`: the router stands behind a NAT itself. `refused`: it
 * says no.
 */
export type PortMappingState = 'none' | 'mapped' | 'double_nat' | 'refused';

/** What a doctor tells of it. */
export interface PortMappingInfo {
  readonly state: PortMappingState;
  /** Where anybody can reach the local port. */
  readonly endpoint: Endpoint | null;
  readonly protocol: MappingProtocol | null;
  /** IP address of the router that was asked. */
  readonly gateway: string | null;
  /** Why there is no mapping, where the router says so. */
  readonly detail: string | null;
}

/**
 * A public UDP port on the home router that leads to a local one, got by PCP, NAT-PMP or UPnP-IGD. Everything happens in
 * the background; whatever goes wrong, there just is no endpoint. `change` says that the endpoint or the
 * state has.
 */
export class PortMapping extends EventEmitter<{ change: [] }> {
  private keeper: MappingKeeper | undefined;
  private released: Promise<void> = Promise.resolve();
  private shown: PortMappingInfo = describe(undefined);

  /** @param leaseSeconds what a lost agent leaves on the router ends after this time */
  constructor(private readonly leaseSeconds = LEASE_SECONDS) {
    super();
  }

  /** The public endpoint; null while there is no mapping. */
  get endpoint(): Endpoint | null {
    return this.shown.endpoint;
  }

  get state(): PortMappingState {
    return this.shown.state;
  }

  info(): PortMappingInfo {
    return this.shown;
  }

  /** Maps this port, instead of the last one. For the same port: asks again now, as the network may have changed. */
  open(localPort: number): void {
    if (this.keeper?.localPort === localPort) return this.keeper.askAgain();
    this.release();
    const keeper = new MappingKeeper(localPort, this.leaseSeconds, () => this.show());
    this.keeper = keeper;
    // In this order, or the router could see the deletion of a mapping after its renewal.
    void this.released.then(() => keeper.keep());
  }

  /** Deletes the mapping, in about 1 s at most, whether the router is still there or not. */
  async close(): Promise<void> {
    this.release();
    await this.released;
  }

  private release(): void {
    const { keeper } = this;
    this.keeper = undefined;
    if (keeper) this.released = Promise.all([this.released, keeper.release()]).then(() => undefined);
    this.show();
  }

  private show(): void {
    const before = this.shown;
    this.shown = describe(this.keeper);
    const isSame = before.state === this.shown.state && before.endpoint === this.shown.endpoint;
    if (!isSame) this.emit('change');
  }
}

function describe(keeper: Pick<MappingKeeper, 'progress' | 'gateway'> | undefined): PortMappingInfo {
  const { held, obstacle } = keeper?.progress ?? nothingYet;
  return {
    state: held ? 'mapped' : stateOf(obstacle),
    endpoint: held?.endpoint ?? null,
    protocol: held?.protocol ?? null,
    gateway: keeper?.gateway?.address ?? null,
    detail: obstacle && 'detail' in obstacle ? obstacle.detail : null,
  };
}

function stateOf(obstacle: Progress['obstacle']): PortMappingState {
  return !obstacle || obstacle.kind === 'silent' ? 'none' : obstacle.kind;
}
