/** Where somebody waits: lanes of one group take turns with each other, and groups with groups. */
export interface Place {
  readonly group: string;
  readonly lane: string;
}

export interface QueueLimits {
  /** So many wait in one lane. */
  readonly perLane: number;
  /** So many wait in all. */
  readonly total: number;
}

/**
 * A queue in which nobody waits longer because somebody else asks for much: one who is alone in a lane waits for one turn of
 * each other lane of the group, however many wait there. Pure.
 */
export class FairQueue<Item> {
  /** Groups and their lanes, each in the order of their turns; none is empty. */
  private readonly groups = new Map<string, Map<string, Item[]>>();
  private count = 0;

  constructor(private readonly limits: QueueLimits) {}

  get size(): number {
    return this.count;
  }

  /**
   * A full queue makes room for a short lane at the expense of the longest one.
   *
   * @returns who has to go: null for nobody, else this item or the last one of another lane
   */
  add({ group, lane }: Place, item: Item): Item | null {
    const items = this.groups.get(group)?.get(lane) ?? [];
    if (items.length >= this.limits.perLane) return item;
    let displaced: Item | null = null;
    if (this.count >= this.limits.total) {
      const longest = this.longest();
      if (!longest || longest.items.length <= items.length + 1) return item;
      displaced = longest.items.pop() ?? null;
      this.count -= 1;
    }
    items.push(item);
    this.count += 1;
    const lanes = this.groups.get(group) ?? new Map<string, Item[]>();
    lanes.set(lane, items);
    this.groups.set(group, lanes);
    return displaced;
  }

  /** @returns whose turn it is; undefined when nobody waits */
  take(): Item | undefined {
    const [next] = this.groups;
    if (!next) return undefined;
    const [group, lanes] = next;
    const item = takeFirst(lanes);
    this.count -= 1;
    this.groups.delete(group);
    if (lanes.size > 0) this.groups.set(group, lanes);
    return item;
  }

  private longest(): { readonly items: Item[] } | null {
    let longest: Item[] | null = null;
    for (const lanes of this.groups.values())
      for (const items of lanes.values()) if (items.length > (longest?.length ?? 0)) longest = items;
    return longest && { items: longest };
  }
}

/** From the lane whose turn it is, which goes behind the others. */
function takeFirst<Item>(lanes: Map<string, Item[]>): Item | undefined {
  const [next] = lanes;
  if (!next) return undefined;
  const [lane, items] = next;
  const item = items.shift();
  lanes.delete(lane);
  if (items.length > 0) lanes.set(lane, items);
  return item;
}
