import { networkInterfaces } from 'node:os';
import type { PortRange } from '../../core/port-choice';
import { type Counted, type Flow, isBetweenOthers, keyOf, nothing } from '../flow';
import type { Forwarder } from '../forwarder';
import { Departures } from './departures';
import { NftError, NftProcess } from './nft-process';
import { NftTable } from './table';

/** Each costs every packet a little; flows by further addresses of the machine stay in user space. */
const maxTables = 4;

/** nftables, with a table for each of the machine's addresses that players send to. */
export class NftForwarder implements Forwarder {
  readonly capacity = Infinity;
  readonly #session: NftProcess;
  /** Another one, because a listing may be long, and changes should not wait for it. */
  readonly #listings = new NftProcess();
  readonly #ports: PortRange;
  readonly #departures = new Departures();
  readonly #tables = new Map<string, NftTable>();

  /** @param session to which the tables will belong */
  constructor(session: NftProcess, ports: PortRange) {
    this.#session = session;
    this.#ports = ports;
  }

  async change(removed: readonly Flow[], added: readonly Flow[]): Promise<Counted[]> {
    const own = added.length > 0 ? ownAddresses() : new Set<string>();
    const wanted = added.filter((flow) => isBetweenOthers(flow, own));
    const counts = new Map<number, Counted>();
    for (const local of new Set([...removed, ...wanted].map((flow) => flow.local))) {
      const isHere = (flow: Flow) => flow.local === local;
      const table = await this.#table(local, wanted.some(isHere));
      await table?.change(removed.filter(isHere), wanted.filter(isHere), counts);
    }
    return removed.map((flow) => counts.get(keyOf(flow)) ?? nothing);
  }

  /** @throws NftError when a firewall swallows what a table sends on */
  async count(report: (key: number, counted: Counted) => void): Promise<Counted> {
    const total = { packets: 0, bytes: 0 };
    for (const table of [...this.#tables.values()]) {
      const { entered, isSwallowed } = await table.count(this.#listings, report);
      if (isSwallowed) throw new NftError('a firewall drops what it forwards');
      total.packets += entered.packets;
      total.bytes += entered.bytes;
    }
    return total;
  }

  /** The kernel's tables go with the session. */
  async close(): Promise<void> {
    await Promise.all([this.#session.close(), this.#listings.close()]);
  }

  /** That of an address; a new one if it is needed and there is room. */
  async #table(local: string, isNeeded: boolean): Promise<NftTable | undefined> {
    const former = this.#tables.get(local);
    const place = this.#tables.size;
    if (former || !isNeeded || place >= maxTables) return former;
    const table = new NftTable(this.#session, { local, ports: this.#ports, place }, this.#departures);
    await table.create();
    this.#tables.set(local, table);
    return table;
  }
}

/** They may change while the relay runs. */
function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(all.map(({ address }) => address));
}
