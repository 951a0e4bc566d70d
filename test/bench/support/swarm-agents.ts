import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { reconnectDelayMs } from '../../../apps/client/src/control/reconnection';
import { AgentLink } from './agent-link';
import { request, signIn } from './agents';
import { everySo, load } from './load';
import { PushMeter } from './push-meter';
import { presenceOf, type SwarmAgent } from './swarm-agent';
import type {
  AskOrder,
  AskResult,
  EnterOrder,
  PushOrder,
  PushResult,
  ReturnOrder,
  ReturnResult,
  SwarmState,
} from './swarm';

/** So many parties of a process come into being at the same time. */
const PARTIES_AT_ONCE = 24;
/** As agents do that measure the same again and again. */
const PRESENCE_INTERVAL_MS = 120_000;
const ENTERING_TRIES = 5;
const RETRY_AFTER_MS = 2000;
const ANSWER_LIMIT_MS = 10_000;

/** The agents of one process, each with an address, a key, a socket and a party, which it enters as agents do. */
export class Agents {
  private readonly parties: SwarmAgent[][] = [];
  private online = 0;
  private readonly failures: string[] = [];
  private urls: readonly string[] = [];

  constructor(private readonly onEntered: (count: number) => void) {}

  async enter({ urls, first, count, partySize }: EnterOrder): Promise<void> {
    this.urls = urls;
    const sizes = Array.from({ length: Math.ceil(count / partySize) }, (_, party) =>
      Math.min(partySize, count - party * partySize),
    );
    const jobs = sizes.map((size, party) => ({ size, first: first + party * partySize }));
    await load(PARTIES_AT_ONCE, jobs, async (job) => {
      const party: SwarmAgent[] = [];
      for (let index = 0; index < job.size; index++) {
        party.push(await this.enterOne(job.first + index, party[0]?.partyId));
        this.onEntered(this.online);
      }
      this.parties.push(party);
    });
  }

  state(): SwarmState {
    return { online: this.online, failures: this.failures };
  }

  async push({ parties, changesPerSecond, seconds, acrossNodes }: PushOrder): Promise<PushResult[]> {
    const meter = new PushMeter(this.parties.slice(0, parties), acrossNodes);
    await everySo(changesPerSecond, seconds, (turn) =>
      meter.change(turn).catch((error: unknown) => this.failures.push(String(error))),
    );
    await sleep(1000);
    return meter.stop();
  }

  /** Ordinary requests, each by another agent, whatever the server's pace. */
  async ask({ perSecond, seconds }: AskOrder): Promise<AskResult[]> {
    const kinds = Object.entries(questions);
    const results = kinds.map(([kind]) => ({ kind, durationsMs: [] as number[], errors: [] as string[] }));
    const agents = this.parties.flat();
    await everySo(perSecond, seconds, async (turn) => {
      const result = results[turn % kinds.length]!;
      // A prime, so that neighbours in time are strangers.
      const agent = agents[(turn * 7919) % agents.length]!;
      const startedAt = performance.now();
      try {
        await kinds[turn % kinds.length]![1](agent, agent.url);
        result.durationsMs.push(performance.now() - startedAt);
      } catch (error) {
        result.errors.push(String(error));
      }
    });
    return results;
  }

  /** As agents do it: soon, then every second, each a little earlier or later than the others. */
  async comeBack({ url, awaited }: ReturnOrder & { awaited: number }): Promise<ReturnResult> {
    const result: ReturnResult = { awayMs: [], firstCallMs: [] };
    await new Promise<void>((resolve) => {
      for (const agent of this.parties.flat()) {
        agent.link.onClose = () => {
          void this.reconnect(agent, url, result).then(() => {
            if (result.awayMs.length === awaited) resolve();
          });
        };
      }
    });
    return result;
  }

  connectedTo(url: string): number {
    return this.parties.flat().filter((agent) => agent.url === url).length;
  }

  private async reconnect(agent: SwarmAgent, url: string, result: ReturnResult): Promise<void> {
    const lostAt = performance.now();
    for (let attempt = 0; ; attempt++) {
      await sleep(reconnectDelayMs(attempt, Math.random()));
      if (attempt === 0) result.firstCallMs.push(performance.now() - lostAt);
      try {
        await this.connectTo(agent, url);
        result.awayMs.push(performance.now() - lostAt);
        return;
      } catch (error) {
        this.failures.push(String(error));
      }
    }
  }

  /** Settles with the snapshot. */
  private async connectTo(agent: SwarmAgent, url: string): Promise<void> {
    const { token, address } = agent;
    let greeted: () => void = () => undefined;
    const snapshot = new Promise<void>((resolve) => (greeted = resolve));
    const lost = new Promise<never>((_resolve, reject) => {
      AgentLink.open(url, token, address, () => greeted()).then((link) => {
        Object.assign(agent, { link, url, http: clientOf(url, address) });
        link.onClose = () => reject(new Error('closed before its snapshot'));
      }, reject);
    });
    await Promise.race([snapshot, lost]);
    agent.link.onClose = () => this.failures.push('an agent lost its socket again');
  }

  /** A server that is too busy to let somebody in is asked again, as agents do. */
  private async persistently<Result>(attempt: () => Promise<Result>): Promise<Result> {
    for (let left = ENTERING_TRIES - 1; left > 0; left--) {
      try {
        return await attempt();
      } catch (error) {
        this.failures.push(String(error));
        await sleep(RETRY_AFTER_MS);
      }
    }
    return attempt();
  }

  private async enterOne(number: number, partyId: string | undefined): Promise<SwarmAgent> {
    const address = addressOf(number);
    const url = this.urls[number % this.urls.length] ?? '';
    const http = clientOf(url, address);
    const identity = await this.persistently(() => signIn(http, new URL(url).host));
    const link = await this.persistently(() => AgentLink.open(url, identity.token, address));
    link.onClose = () => {
      this.online -= 1;
      this.failures.push(`agent ${number} lost its socket`);
    };
    const body = { peerName: `Player ${number}`, presence: presenceOf(number), name: 'Bench' };
    const path = partyId === undefined ? '/v1/parties' : `/v1/parties/${partyId}/join`;
    const { id } = await this.persistently(() => request<{ id: string }>(http, path, body, identity.token));
    this.online += 1;
    reportRegularly(link, number);
    return { ...identity, address, url, http, link, partyId: id };
  }
}

function clientOf(url: string, localAddress: string): Client {
  return new Client(url, { localAddress, keepAliveTimeout: 1000, headersTimeout: ANSWER_LIMIT_MS });
}

function reportRegularly(link: AgentLink, number: number): void {
  const report = () => void link.request('presence.update', presenceOf(number)).catch(() => undefined);
  setTimeout(
    () => {
      report();
      setInterval(report, PRESENCE_INTERVAL_MS);
    },
    ((number % 997) / 997) * PRESENCE_INTERVAL_MS,
  );
}

/** 127.16.0.1 and up, 250 to a network: limits count by address. */
function addressOf(number: number): string {
  return `127.${16 + Math.floor(number / 62_500)}.${Math.floor(number / 250) % 250}.${1 + (number % 250)}`;
}

const questions: Record<string, (agent: SwarmAgent, url: string) => Promise<unknown>> = {
  'read the party': ({ http, partyId, token }) =>
    request(http, `/v1/parties/${partyId}`, undefined, token, 'GET'),
  'write shared state': ({ http, partyId, token }) =>
    request(http, `/v1/parties/${partyId}/state`, { key: 'map', value: 'de_dust2' }, token),
  'sign in': ({ http }, url) => signIn(http, new URL(url).host),
  'party by socket': async ({ link }) => accepted(await link.request('party.get', {})),
};

function accepted(answer: { ok: boolean }): void {
  if (!answer.ok) throw new Error(JSON.stringify(answer));
}
