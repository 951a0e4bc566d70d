import { performance } from 'node:perf_hooks';
import { splitEndpoint } from '#shared/endpoint';
import { ipScope } from '#shared/ip-scope';
import { findGateway, type Gateway } from './default-gateway';
import { mapByAnyWay } from './discover';
import type { LocalPort, Mapper, MappingOutcome } from './mapping';
import { advance, nextDelayMs, nothingYet, type Progress } from './schedule';

const RELEASE_LIMIT_MS = 1_000;
const silent: MappingOutcome = { kind: 'silent' };

/** Gets and keeps the mapping of one UDP port, until it is released. */
export class MappingKeeper {
  progress: Progress = nothingYet;
  /** The last one that was asked; null before, and when there is none that could help. */
  gateway: Gateway | null = null;
  private holder: Mapper | undefined;
  /** May have made a mapping that it has not told of yet. */
  private candidate: Mapper | undefined;
  private readonly released = new AbortController();
  private isAskedAgain = false;
  private wakeUp: () => void = () => undefined;

  constructor(
    readonly localPort: number,
    private readonly leaseSeconds: number,
    private readonly onChange: () => void,
  ) {}

  /** Runs until the release. Never rejects. */
  async keep(): Promise<void> {
    while (!this.released.signal.aborted) {
      this.isAskedAgain = false;
      const outcome = await this.ask();
      if (this.released.signal.aborted) return;
      const nowMs = performance.now();
      this.show(advance(this.progress, outcome, nowMs));
      if (!this.isAskedAgain) await this.pause(nextDelayMs(this.progress, nowMs, Math.random()));
    }
  }

  /** Asks now rather than when it would be time to. */
  askAgain(): void {
    this.isAskedAgain = true;
    this.wakeUp();
  }

  /** Ends it and deletes the mapping, in 1 s at most. Never rejects. */
  async release(): Promise<void> {
    this.released.abort();
    this.wakeUp();
    this.progress = nothingYet;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), RELEASE_LIMIT_MS);
    await Promise.all([this.holder, this.candidate].map(async (mapper) => mapper?.unmap(limit.signal)));
    clearTimeout(timer);
  }

  private get local(): LocalPort {
    return { port: this.localPort, transport: 'udp' };
  }

  private async ask(): Promise<MappingOutcome> {
    const gateway = await findGateway();
    // A machine with a public address needs no mapping.
    if (!gateway || ipScope(gateway.ownAddress) === 'global') return silent;
    if (!isSame(gateway, this.gateway)) this.moveTo(gateway);
    const { signal } = this.released;
    const attempt = (mapper: Mapper, limit: AbortSignal) => this.try(mapper, limit);
    const renewed = await this.holder?.map(this.leaseSeconds, this.wishedPort, signal);
    return renewed && renewed.kind !== 'silent' ? renewed : mapByAnyWay(gateway, this.local, attempt, signal);
  }

  private async try(mapper: Mapper, signal: AbortSignal): Promise<MappingOutcome> {
    this.candidate = mapper;
    const outcome = await mapper.map(this.leaseSeconds, this.wishedPort, signal);
    if (this.released.signal.aborted) return silent;
    this.candidate = undefined;
    if (outcome.kind === 'mapped') this.holder = mapper;
    return outcome;
  }

  /** Another network: what was promised in the last one is worth nothing here. */
  private moveTo(gateway: Gateway): void {
    this.gateway = gateway;
    this.holder = undefined;
    this.show(nothingYet);
  }

  /** The public port to ask for: the one granted last, so that peers need not learn another; else the local port number. */
  private get wishedPort(): number {
    const { held } = this.progress;
    return held ? splitEndpoint(held.endpoint).port : this.localPort;
  }

  private show(progress: Progress): void {
    this.progress = progress;
    this.onChange();
  }

  private pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, durationMs).unref();
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function isSame(one: Gateway, other: Gateway | null): boolean {
  return one.address === other?.address && one.ownAddress === other.ownAddress;
}
