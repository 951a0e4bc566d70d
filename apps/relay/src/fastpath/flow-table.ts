/** Which flows the kernel has, for whom, and what of their counts is accounted for already. */
import { type Counted, departureKeyOf, type Flow, isRoutable, keyOf, nothing } from './flow';

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

interface Entry<Owner> {
  readonly owner: Owner;
  readonly flow: Flow;
  counted: Counted;
}

export class FlowTable<Owner> {
  readonly #byKey = new Map<string, Entry<Owner>>();
  readonly #departureKeys = new Set<string>();
  readonly #byOwner = new Map<Owner, readonly Flow[]>();
  readonly #capacity: number;

  /** @param capacity so many flows at most; more stay in user space */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * From now on the owner wants exactly these flows. Left out are flows on the relay's own link, and one that the kernel could
   * not tell from another owner's: only players who forge their own indices get there, and user space can tell them apart.
   */
  replace(owner: Owner, wanted: readonly Flow[]): Change {
    const former = this.#byOwner.get(owner) ?? [];
    const isIn = (flows: readonly Flow[], flow: Flow) => flows.some((one) => isSameFlow(one, flow));
    const removed = former.filter((flow) => !isIn(wanted, flow));
    removed.forEach((flow) => this.#delete(flow));
    const kept = former.filter((flow) => isIn(wanted, flow));
    const added = wanted.filter((flow) => !isIn(kept, flow) && this.#add(owner, flow));
    if (kept.length + added.length > 0) this.#byOwner.set(owner, [...kept, ...added]);
    else this.#byOwner.delete(owner);
    return { removed, added };
  }

  /** Takes note of a line of the kernel's counts; undefined when nothing has passed, or the flow is gone. */
  count(key: string, counted: Counted): FlowCount<Owner> | undefined {
    const entry = this.#byKey.get(key);
    const packets = counted.packets - (entry?.counted.packets ?? 0);
    // Fewer than before: the listing is older than the element.
    if (!entry || packets <= 0) return undefined;
    const carried = { packets, bytes: counted.bytes - entry.counted.bytes };
    entry.counted = counted;
    return { owner: entry.owner, flow: entry.flow, carried };
  }

  get size(): number {
    return this.#byKey.size;
  }

  #add(owner: Owner, flow: Flow): boolean {
    const [key, departureKey] = [keyOf(flow), departureKeyOf(flow)];
    if (this.size >= this.#capacity || !isRoutable(flow)) return false;
    if (this.#byKey.has(key) || this.#departureKeys.has(departureKey)) return false;
    this.#byKey.set(key, { owner, flow, counted: nothing });
    this.#departureKeys.add(departureKey);
    return true;
  }

  #delete(flow: Flow): void {
    this.#byKey.delete(keyOf(flow));
    this.#departureKeys.delete(departureKeyOf(flow));
  }
}

function isSameFlow(one: Flow, other: Flow): boolean {
  return keyOf(one) === keyOf(other) && departureKeyOf(one) === departureKeyOf(other);
}
