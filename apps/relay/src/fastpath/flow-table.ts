/** Which flows the kernel has, for whom, and what of their counts is accounted for already. */
import { isSameSocket } from '../core/verdict';
import { type Counted, type Flow, isRoutable, keyOf } from './flow';

export interface Change<Owner> {
  readonly removed: readonly KernelFlow<Owner>[];
  readonly added: readonly KernelFlow<Owner>[];
}

/** What a flow has carried since the last time it was asked for. */
export interface FlowCount<Owner> {
  readonly owner: Owner;
  readonly flow: Flow;
  readonly carried: Counted;
}

/** One object for each flow, of which a full relay has 40,000. */
export interface KernelFlow<Owner> extends Flow {
  readonly owner: Owner;
  /** Accounted for. */
  packets: number;
  bytes: number;
}

export class FlowTable<Owner> {
  readonly #byKey = new Map<number, KernelFlow<Owner>>();
  readonly #byOwner = new Map<Owner, readonly KernelFlow<Owner>[]>();
  /** Put in since the listing began that is under way, or will be: it may show their predecessors. */
  readonly #young = new Set<KernelFlow<Owner>>();
  readonly #capacity: number;

  /** @param capacity so many flows at most; more stay in user space */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** From now on the owner wants exactly these flows. Left out are those on the relay's own link, and what is too much. */
  replace(owner: Owner, wanted: readonly Flow[]): Change<Owner> {
    const former = this.#byOwner.get(owner) ?? [];
    const isIn = (flows: readonly Flow[], flow: Flow) => flows.some((one) => isSameFlow(one, flow));
    const removed = former.filter((flow) => !isIn(wanted, flow));
    removed.forEach((entry) => this.#delete(entry));
    const kept = former.filter((flow) => isIn(wanted, flow));
    const added = wanted.filter((flow) => !isIn(kept, flow)).flatMap((flow) => this.#add(owner, flow) ?? []);
    if (kept.length + added.length > 0) this.#byOwner.set(owner, kept.concat(added));
    else this.#byOwner.delete(owner);
    return { removed, added };
  }

  /** Whatever is in the kernel now is shown as it is by a listing that begins now. */
  listingBegins(): void {
    this.#young.clear();
  }

  /** Takes note of what the kernel has counted in all; undefined when nothing has passed since, or the flow is gone. */
  count(key: number, counted: Counted): FlowCount<Owner> | undefined {
    const entry = this.#byKey.get(key);
    return entry && !this.#young.has(entry) ? takeCount(entry, counted) : undefined;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Forgets everything. */
  clear(): void {
    [this.#byKey, this.#byOwner, this.#young].forEach((all) => all.clear());
  }

  #delete(entry: KernelFlow<Owner>): void {
    this.#byKey.delete(keyOf(entry));
    this.#young.delete(entry);
  }

  #add(owner: Owner, flow: Flow): KernelFlow<Owner> | undefined {
    const key = keyOf(flow);
    if (this.size >= this.#capacity || !isRoutable(flow) || this.#byKey.has(key)) return undefined;
    const { from, local, port, index, to } = flow;
    const entry: KernelFlow<Owner> = { owner, from, local, port, index, to, packets: 0, bytes: 0 };
    this.#byKey.set(key, entry);
    this.#young.add(entry);
    return entry;
  }
}

/** What a flow has carried since its last count, be it in a table or not; undefined: nothing. */
export function takeCount<Owner>(
  flow: KernelFlow<Owner>,
  { packets, bytes }: Counted,
): FlowCount<Owner> | undefined {
  if (packets <= flow.packets) return undefined;
  const carried = { packets: packets - flow.packets, bytes: bytes - flow.bytes };
  [flow.packets, flow.bytes] = [packets, bytes];
  return { owner: flow.owner, flow, carried };
}

function isSameFlow(one: Flow, other: Flow): boolean {
  return (
    keyOf(one) === keyOf(other) &&
    one.local === other.local &&
    isSameSocket(one.from, other.from) &&
    isSameSocket(one.to, other.to)
  );
}
