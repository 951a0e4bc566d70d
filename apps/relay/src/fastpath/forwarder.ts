import type { PortRange } from '../core/port-choice';
import type { Counted, Flow } from './flow';

export interface ForwarderOptions {
  readonly isIpv6: boolean;
  readonly ports: PortRange;
}

/** What in the kernel forwards flows, whichever way that is. */
export interface Forwarder {
  /** So many flows at most. */
  readonly capacity: number;

  /**
   * Takes flows out and puts flows in; none of them loses a packet. One that the kernel could not tell from another is left
   * to user space.
   * @returns what each of those taken out has carried since it was put in
   * @throws when the kernel refuses
   */
  change(removed: readonly Flow[], added: readonly Flow[]): Promise<readonly Counted[]>;

  /**
   * Reports, by {@link keyOf} the flow, what each has carried since it was put in.
   * @returns what all flows, also those that are gone, have carried
   * @throws when the kernel does not forward what it took
   */
  count(report: (key: number, counted: Counted) => void): Promise<Counted>;

  /** Nothing of it is left in the kernel afterwards. */
  close(): Promise<void>;
}
