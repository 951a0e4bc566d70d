/** A student house: many players behind one address, some of them in a game with each other or with friends elsewhere. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GameTraffic } from '../../e2e/support/game-traffic';
import type { LabServer } from '../../e2e/support/lab-server';
import { until } from '../../e2e/support/processes';
import type { Host } from '../../lab/host';
import type { Lab } from '../../lab/lab';
import { progress } from '../support/report';
import { Agents } from './agents';
import type { Notice, PartyView } from './notices';

export interface HouseSize {
  /** Agents without tunnels. */
  readonly crowd: number;
  readonly partySize: number;
  /** Pairs with WireGuard of which one player is in the house, and of which both are. */
  readonly pairsWithFriends: number;
  readonly pairsAtHome: number;
  /** How many agents without tunnels enter in a second, at most. */
  readonly enteringPerSecond: number;
}

/** So many processes for the agents without tunnels: more would not be faster on two processors. */
const PROCESSES = 3;
const PROGRESS_MS = 10_000;
/** An attempt that fails on a busy machine is made again, after half a minute and more. */
const DIRECT_WITHIN_MS = 180_000;

interface Pair {
  readonly players: readonly [Agents, Agents];
  readonly addresses: readonly [string, string];
  readonly traffic: GameTraffic;
}

export class House {
  private readonly crowd: Agents[] = [];
  private readonly pairs: Pair[] = [];

  private constructor(
    private readonly lab: Lab,
    private readonly server: LabServer,
    private readonly home: string,
    readonly size: HouseSize,
  ) {}

  static async fill(lab: Lab, server: LabServer, size: HouseSize): Promise<House> {
    const house = new House(lab, server, await mkdtemp(join(tmpdir(), 'lanrage-bench-')), size);
    const host = await lab.hostBehind('house', 'port_restricted');
    for (let pair = 0; pair < size.pairsWithFriends + size.pairsAtHome; pair++) {
      const one = await lab.sameLanAs(host, `mate${pair}`);
      const isAtHome = pair >= size.pairsWithFriends;
      const other = isAtHome
        ? await lab.sameLanAs(host, `other${pair}`)
        : await lab.hostBehind(`friend${pair}`, 'port_restricted');
      await house.enterPair(one, other);
    }
    await house.enterCrowd(host);
    await Promise.all(house.processes.map((agents) => agents.tell('watch', {})));
    return house;
  }

  /** All agents: those of the house and the friends elsewhere. */
  get agentCount(): number {
    const { crowd, pairsWithFriends, pairsAtHome } = this.size;
    return crowd + 2 * (pairsWithFriends + pairsAtHome);
  }

  get agentsAtHome(): number {
    return this.agentCount - this.size.pairsWithFriends;
  }

  noticesSince(atMs: number): Notice[] {
    return this.processes.flatMap(({ notices }) => notices.filter((notice) => notice.atMs >= atMs));
  }

  async views(): Promise<PartyView[]> {
    return (await Promise.all(this.processes.map((agents) => agents.tell('views', {})))).flat();
  }

  async play(packetsPerSecond: number): Promise<void> {
    await Promise.all(this.pairs.map(({ traffic, addresses }) => traffic.start(addresses, packetsPerSecond)));
  }

  /** Ends all games. @returns of each pair what was lost and what arrived, both directions together */
  async endGames(): Promise<{ lost: number; arrived: number }[]> {
    const reports = await Promise.all(this.pairs.map(({ traffic }) => traffic.stop()));
    return reports.map(({ lost, arrivals }) => ({
      lost: lost[0] + lost[1],
      arrived: arrivals[0].length + arrivals[1].length,
    }));
  }

  /** How many pairs have a direct path, as both of their agents see it. */
  async directPairs(): Promise<number> {
    const direct = await Promise.all(this.pairs.map(({ players }) => isDirect(players)));
    return direct.filter(Boolean).length;
  }

  async close(): Promise<void> {
    for (const { traffic } of this.pairs) traffic.close();
    await Promise.all(this.processes.map((agents) => agents.stop()));
    await rm(this.home, { recursive: true, force: true });
  }

  private get processes(): Agents[] {
    return [...this.crowd, ...this.pairs.flatMap(({ players }) => players)];
  }

  private async enterCrowd(host: Host): Promise<void> {
    const { crowd, partySize, enteringPerSecond } = this.size;
    const names = Array.from({ length: crowd }, (_, number) => `agent${number}`);
    const parties = Array.from({ length: Math.ceil(crowd / partySize) }, (_, party) => ({
      names: names.slice(party * partySize, (party + 1) * partySize),
    }));
    const meter = setInterval(() => {
      const entered = this.crowd.reduce((sum, agents) => sum + agents.entered, 0);
      progress(`${entered} of ${crowd} agents without tunnels are in their parties`);
    }, PROGRESS_MS);
    const shared = { server: this.server.url, home: this.home, interfaceName: null };
    const pauseMs = (1_000 * PROCESSES) / enteringPerSecond;
    await Promise.all(
      Array.from({ length: PROCESSES }, async (_, place) => {
        const agents = Agents.at(host);
        this.crowd.push(agents);
        const own = parties.filter((_party, number) => number % PROCESSES === place);
        await sleep((place * pauseMs) / PROCESSES);
        await agents.tell('enter', { ...shared, parties: own, pauseMs });
      }),
    ).finally(() => clearInterval(meter));
  }

  private async enterPair(one: Host, other: Host): Promise<void> {
    progress(`${one.name} and ${other.name}, with WireGuard`);
    const players = [Agents.at(one), Agents.at(other)] as const;
    const enter = async (agents: Agents, partyId?: string) => {
      const { name, interfaceName } = agents.host;
      const parties = [{ names: [name], ...(partyId && { partyId }) }];
      const order = { server: this.server.url, home: this.home, interfaceName, parties, pauseMs: 0 };
      const [entered] = await agents.tell('enter', order);
      if (!entered) throw new Error(`${name} is in no party`);
      return entered;
    };
    const first = await enter(players[0]);
    const second = await enter(players[1], first.partyId);
    const addresses = [first.virtualIp, second.virtualIp] as const;
    this.pairs.push({ players, addresses, traffic: GameTraffic.between(one, other) });
    await until(`${one.name} and ${other.name} are direct`, () => isDirect(players), {
      timeoutMs: DIRECT_WITHIN_MS,
      intervalMs: 250,
    });
  }
}

async function isDirect(players: readonly Agents[]): Promise<boolean> {
  const views = (await Promise.all(players.map((agents) => agents.tell('views', {})))).flat();
  return views.every(({ paths: [path] }) => path === 'direct');
}
