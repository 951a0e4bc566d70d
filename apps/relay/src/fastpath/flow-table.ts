/** Which flows the kernel has, for whom, and what of their counts is accounted for already. */
import { isSameAddress } from '../core/verdict';
import { type Counted, type Flow, isRoutable, keyOf } from './flow';

export interface Change {
  readonly removed: readonly Flow[];
  readonly added: readonly Flow[];
}

/** What a flow has carried since the last time it was asked for. */
export interface FlowCount<Owner> {
  readonly owner: Owner;
  readonly flow: Flow;
  readonly carried: Counted;
}

/** One object for each flow, of which a full relay has 40,000. */
interface Entry<Owner> extends Flow {
  readonly owner: Owner;
  /** Accounted for. */
  packets: number;
  bytes: number;
}

export class FlowTable<Owner> {
  readonly #byKey = new Map<number, Entry<Owner>>();
  readonly #byOwner = new Map<Owner, readonly Entry<Owner>[]>();
  /** Put in since the listing began that is under way, or will be: it may show their predecessors. */
  readonly #young = new Set<Entry<Owner>>();
  readonly #capacity: number;

  /** @param capacity so many flows at most; more stay in user space */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** From now on the owner wants exactly these flows. Left out are those on the relay's own link, and what is too much. */
  replace(owner: Owner, wanted: readonly Flow[]): Change {
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
  count(key: number, { packets, bytes }: Counted): FlowCount<Owner> | undefined {
    const entry = this.#byKey.get(key);
    if (!entry || packets <= entry.packets || this.#young.has(entry)) return undefined;
    const carried = { packets: packets - entry.packets, bytes: bytes - entry.bytes };
    [entry.packets, entry.bytes] = [packets, bytes];
    return { owner: entry.owner, flow: entry, carried };
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Forgets everything. */
  clear(): void {
    [this.#byKey, this.#byOwner, this.#young].forEach((all) => all.clear());
  }

  #delete(entry: Entry<Owner>): void {
    this.#byKey.delete(keyOf(entry));
    this.#young.delete(entry);
  }

  #add(owner: Owner, flow: Flow): Entry<Owner> | undefined {
    const key = keyOf(flow);
    if (this.size >= this.#capacity || !isRoutable(flow) || this.#byKey.has(key)) return undefined;
    const { from, port, index, to } = flow;
    const entry: Entry<Owner> = { owner, from, port, index, to, packets: 0, bytes: 0 };
    this.#byKey.set(key, entry);
    this.#young.add(entry);
    return entry;
  }
}

function isSameFlow(one: Flow, other: Flow): boolean {
  return (
    keyOf(one) === keyOf(other) && isSameAddress(one.from, other.from) && isSameAddress(one.to, other.to)
  );
}
