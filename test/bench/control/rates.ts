/**
 * How fast one control node creates and joins parties and takes presence, with real PostgreSQL and fsync on; load
 * generator, server and database share the machine. The limit measured in the same run: single-row INSERTs through
 * `pg` alone into the same PostgreSQL, that is, what the disk and the database give to anybody.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { io, type Socket } from 'socket.io-client';
import { Pool } from 'undici';
import { AGENT_NAMESPACE } from '#shared/api/signaling';
import { request, signIn, type BenchAgent } from '../support/agents';
import { ControlServer } from '../support/control-server';
import { load, type LoadResult } from '../support/load';
import { percentile, progress, round, spread, type Bar } from '../support/report';
import type { Section } from '../support/sections';

const CONNECTIONS = [1, 16, 64];
const AGENTS = 1200;
/** A party of four, as most are: the creator and three who join. */
const JOINERS_PER_PARTY = 3;
/** What the Python server that this one replaces did on a machine like this, at 16 connections, for either. */
const EARLIER_SERVER_PER_SECOND = 220;

type Operation = 'create' | 'join' | 'presence' | 'insert (limit)';
interface Sample extends LoadResult {
  operation: Operation;
  connections: number;
  cpuMsPerOperation: number;
  memoryMiB: number;
}

export async function rates({ quick }: { quick: boolean }): Promise<Section> {
  const server = await ControlServer.start({
    LANRAGE_LIMIT_CONNECTIONS: '0',
    LANRAGE_LIMIT_REQUESTS: '0',
    LANRAGE_LIMIT_SIGN_INS: '0',
    LANRAGE_LIMIT_CREATES: '0',
    LANRAGE_LIMIT_PARTIES: '0',
    LANRAGE_LIMIT_JOINS: '0',
  });
  try {
    return sectionOf(await measure(server, quick ? 1 : 3));
  } finally {
    await server.stop();
  }
}

async function measure(server: ControlServer, repetitions: number): Promise<Sample[]> {
  const setupPool = new Pool(server.url, { connections: 16 });
  progress(`signing in ${AGENTS} agents`);
  const agents: BenchAgent[] = [];
  await load(16, range(AGENTS), async () => agents.push(await signIn(setupPool, new URL(server.url).host)));
  const samples: Sample[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const connections of CONNECTIONS) {
      progress(`run ${repetition} of ${repetitions}, ${connections} connections`);
      samples.push(...(await measureOnce(server, agents, connections)));
    }
  }
  await setupPool.close();
  return samples;
}

async function measureOnce(
  server: ControlServer,
  agents: readonly BenchAgent[],
  connections: number,
): Promise<Sample[]> {
  const pool = new Pool(server.url, { connections });
  const sample = async <T>(
    operation: Operation,
    jobs: readonly T[],
    work: (job: T) => Promise<unknown>,
  ): Promise<Sample> => {
    const before = server.usage();
    const result = await load(connections, jobs, work);
    const after = server.usage();
    const cpuMsPerOperation = (1000 * (after.cpuSeconds - before.cpuSeconds)) / result.operations;
    return { operation, connections, ...result, cpuMsPerOperation, memoryMiB: after.memoryMiB };
  };

  const hosts = agents.slice(0, agents.length / (1 + JOINERS_PER_PARTY));
  const joiners = agents.slice(hosts.length);
  const partyOf = new Map<BenchAgent, string>();
  const create = async (agent: BenchAgent) => {
    const party = await request<{ id: string }>(
      pool,
      '/v1/parties',
      { name: 'Bench', peerName: 'Player' },
      agent.token,
    );
    partyOf.set(agent, party.id);
  };
  const leave = async (agent: BenchAgent) => {
    await request(pool, `/v1/parties/${partyOf.get(agent)}/leave`, {}, agent.token);
    partyOf.delete(agent);
  };

  // Everybody creates once for the figure; then only the hosts, and the others join them.
  const created = await sample('create', agents, create);
  await load(connections, agents, leave);
  await load(connections, hosts, create);
  const invitations = joiners.map((agent, index) => ({
    agent,
    partyId: partyOf.get(hosts[index % hosts.length]!)!,
  }));
  const joined = await sample('join', invitations, async ({ agent, partyId }) => {
    partyOf.set(agent, partyId);
    await request(pool, `/v1/parties/${partyId}/join`, { peerName: 'Player' }, agent.token);
  });
  const sockets = await connect(server.url, agents.slice(0, 200));
  const reported = await sample(
    'presence',
    range(10).flatMap(() => sockets),
    (socket) => socket.emitWithAck('presence.update', { natType: 'unknown', endpoint: null }),
  );
  for (const socket of sockets) socket.disconnect();
  await load(connections, agents, leave);
  const limit = await sample('insert (limit)', agents, await inserter(server.databaseUrl, connections));
  await closeInserter();
  await pool.close();
  return [created, joined, reported, limit];
}

async function connect(url: string, agents: readonly BenchAgent[]): Promise<Socket[]> {
  return Promise.all(
    agents.map(({ token }) => {
      const socket = io(url + AGENT_NAMESPACE, {
        auth: { token },
        transports: ['websocket'],
        forceNew: true,
      });
      return new Promise<Socket>((resolve, reject) => {
        socket.once('party.snapshot', () => resolve(socket)).once('connect_error', reject);
      });
    }),
  );
}

let limitPool: pg.Pool | undefined;

async function inserter(databaseUrl: string, connections: number): Promise<() => Promise<unknown>> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  limitPool = pool;
  await pool.query(
    'CREATE TABLE IF NOT EXISTS bench_limit (id text PRIMARY KEY, name text, created_at timestamptz DEFAULT now())',
  );
  return () =>
    pool.query({
      name: 'insert',
      text: 'INSERT INTO bench_limit (id, name) VALUES ($1, $2)',
      values: [randomBytes(6).toString('hex'), 'Bench'],
    });
}

async function closeInserter(): Promise<void> {
  await limitPool?.query('DROP TABLE bench_limit');
  await limitPool?.end();
}

function sectionOf(samples: readonly Sample[]): Section {
  const operations = ['create', 'join', 'presence', 'insert (limit)'] as const;
  const groups = CONNECTIONS.flatMap((connections) =>
    operations.map((operation) =>
      samples.filter((sample) => sample.operation === operation && sample.connections === connections),
    ),
  );
  return {
    tables: [
      {
        title: 'Medians; in brackets the range. "of limit" compares with plain INSERTs.',
        columns: ['conns', 'operation', 'per second', 'of limit', 'p50 ms', 'p99 ms', 'CPU ms', 'MiB'],
        rows: groups.map((group) => rowOf(group, samples)),
      },
    ],
    bars: (['create', 'join'] as const).flatMap((operation) => barsOf(operation, samples)),
  };
}

function rowOf(group: readonly Sample[], samples: readonly Sample[]): (string | number)[] {
  const { connections, operation } = group[0]!;
  const limits = samples.filter(
    (sample) => sample.operation === 'insert (limit)' && sample.connections === connections,
  );
  return [
    connections,
    operation,
    spread(group.map(({ perSecond }) => perSecond)),
    spread(group.map(({ perSecond }, run) => perSecond / limits[run]!.perSecond)),
    round(median(group.map(({ p50Ms }) => p50Ms))),
    spread(group.map(({ p99Ms }) => p99Ms)),
    round(median(group.map(({ cpuMsPerOperation }) => cpuMsPerOperation))),
    Math.round(median(group.map(({ memoryMiB }) => memoryMiB))),
  ];
}

function barsOf(operation: Operation, samples: readonly Sample[]): Bar[] {
  const at = (connections: number) =>
    samples.filter((sample) => sample.operation === operation && sample.connections === connections);
  return [
    {
      name: `${operation} p99, 16 connections`,
      measured: median(at(16).map(({ p99Ms }) => p99Ms)),
      unit: 'ms',
      most: 50,
    },
    {
      name: `${operation}s per second, 64 connections`,
      measured: median(at(64).map(({ perSecond }) => perSecond)),
      unit: '',
      least: 1000,
    },
    {
      name: `${operation} p99, 64 connections`,
      measured: median(at(64).map(({ p99Ms }) => p99Ms)),
      unit: 'ms',
      most: 100,
    },
    {
      name: `${operation}s per second, 16 connections, against the earlier server`,
      measured: median(at(16).map(({ perSecond }) => perSecond)) / EARLIER_SERVER_PER_SECOND,
      unit: 'times',
      least: 3,
    },
  ];
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
