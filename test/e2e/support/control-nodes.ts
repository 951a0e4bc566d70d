/** Several nodes of one control plane as processes, with a real PostgreSQL and a real Redis, behind a balancer. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedServer } from '../../../apps/control/src/database/embedded-server';
import { freePort } from '../../fixtures/free-port';
import { TestRedis } from '../../fixtures/redis';
import { RELAY_SECRET, unlimited } from './control-app';
import { prepareDatabase } from './prepared-database';
import { end, root, until } from './processes';

const main = join(root, 'dist/control.js');
const FRONT_ADDRESS = '127.0.0.1';
const balancer = join(__dirname, 'balancer.mjs');

export interface ControlNode {
  readonly url: string;
  readonly process: ChildProcess;
}

export class ControlNodes {
  nodes: ControlNode[] = [];
  private front: { readonly url: string; readonly process: ChildProcess } | null = null;

  private constructor(
    readonly redis: TestRedis,
    private readonly database: EmbeddedServer,
    private readonly folder: string,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(count: number, settings: Record<string, string> = {}): Promise<ControlNodes> {
    const folder = mkdtempSync(join(tmpdir(), 'lanrage-nodes-'));
    await prepareDatabase(folder);
    const database = await EmbeddedServer.start(join(folder, 'postgres'));
    const control = new ControlNodes(await TestRedis.start(), database, folder, settings);
    // All on one port, so that the balancer's address is a name of each node's, as its own is.
    const port = await freePort();
    const places = Array.from({ length: count }, (_, index) => `127.0.0.${index + 2}:${port}`);
    control.nodes = await Promise.all(places.map((place) => control.spawn(place)));
    const child = fork(balancer, [`${FRONT_ADDRESS}:${port}`, ...places]);
    await once(child, 'message');
    control.front = { url: `http://${FRONT_ADDRESS}:${port}`, process: child };
    return control;
  }

  /** Where agents and relays connect: to whichever node is next. */
  get url(): string {
    if (!this.front) throw new Error('not started');
    return this.front.url;
  }

  /** The node that leads now, and the others. */
  async roles(): Promise<{ leader: ControlNode; others: ControlNode[] }> {
    return until('one leader', async () => {
      const living = this.nodes.filter(
        ({ process }) => process.exitCode === null && process.signalCode === null,
      );
      const leads = await Promise.all(living.map(({ url }) => metric(url, 'lanrage_leads')));
      const leaders = living.filter((_node, place) => leads[place] === 1);
      const [leader] = leaders;
      return leader && leaders.length === 1 && { leader, others: living.filter((node) => node !== leader) };
    });
  }

  /** Starts a node in the place of one that was ended. */
  async replace(dead: ControlNode): Promise<ControlNode> {
    const node = await this.spawn(new URL(dead.url).host);
    this.nodes = this.nodes.map((each) => (each === dead ? node : each));
    return node;
  }

  async close(): Promise<void> {
    await end(this.front?.process, 'SIGTERM');
    await Promise.all(this.nodes.map(({ process }) => end(process, 'SIGTERM')));
    await this.redis.kill();
    await this.database.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async spawn(place: string): Promise<ControlNode> {
    const [address, port] = place.split(':');
    const { host, user, database } = this.database.connection;
    const environment = {
      PATH: process.env['PATH'],
      DATABASE_URL: `postgres://${user}@localhost/${database}?host=${encodeURIComponent(String(host))}`,
      REDIS_URL: this.redis.url,
      LANRAGE_TOKEN_SECRET: 'the secret of the tokens in this test',
      LANRAGE_RELAY_SECRET: RELAY_SECRET,
      LANRAGE_HTTP_BIND: address,
      LANRAGE_PUBLIC_ADDRESS: FRONT_ADDRESS,
      LANRAGE_HTTP_PORT: port,
      LANRAGE_DATA: this.folder,
      LANRAGE_LOG_LEVEL: process.env['LANRAGE_LOG_LEVEL'] ?? 'fatal',
      ...unlimited,
      ...this.settings,
    };
    const child = fork(main, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: environment });
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
      { url: string } | number,
    ];
    if (typeof message !== 'object') throw new Error(`a node did not start: ${message}`);
    return { url: message.url, process: child };
  }
}

/** @returns one number that the node shows to Prometheus */
export async function metric(url: string, name: string): Promise<number | null> {
  const text = await fetch(new URL('/metrics', url)).then((answer) => answer.text());
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  return value === undefined ? null : Number(value);
}
