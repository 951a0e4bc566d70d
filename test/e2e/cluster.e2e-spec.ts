/** The contract of the nodes of one server, held by a lone node and by nodes that meet in Redis; and what only these do. */
import { RateLimiterRes } from 'rate-limiter-flexible';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import type { Cluster, Duties, Term } from '../../apps/control/src/cluster/cluster';
import { LoneNode } from '../../apps/control/src/cluster/lone-node';
import { RedisNode } from '../../apps/control/src/cluster/redis-node';
import { toLanrageError } from '../../apps/control/src/operations/errors';
import { describeRedis, TestRedis } from '../fixtures/redis';
import { until } from './support/processes';

interface Call {
  readonly name: string;
  readonly payload: unknown;
}

/** A node that notes what it is asked and told. */
class Node implements Duties {
  readonly led: Call[] = [];
  readonly served: Call[] = [];
  readonly gone: string[] = [];
  terms = 0;
  endedTerms = 0;
  introductions = 0;

  constructor(readonly cluster: Cluster) {}

  serve = (name: string, payload: unknown): unknown => this.answer(this.served, name, payload);

  lead(): Term {
    this.terms++;
    let isOver = false;
    return {
      serve: (name, payload) => this.answer(this.led, name, payload),
      nodeGone: (nodeId) => this.gone.push(nodeId),
      end: () => {
        if (!isOver) this.endedTerms++;
        isOver = true;
        return Promise.resolve();
      },
    };
  }

  introduce(): Promise<void> {
    this.introductions++;
    return Promise.resolve();
  }

  private answer(calls: Call[], name: string, payload: unknown): unknown {
    calls.push({ name, payload });
    if (name === 'full') throw new LanrageError('PARTY_FULL', { message: 'No place.', retryAfterSeconds: 7 });
    if (name === 'broken') throw new TypeError('a fault');
    if (name === 'slow') return sleep(300).then(() => ({ after: 'a while' }));
    if (name === 'never') return new Promise<never>(() => undefined);
    return { by: this.cluster.nodeId, payload };
  }
}

const payloads = (calls: readonly Call[]) => calls.map(({ payload }) => payload);
const numbers = (count: number) => Array.from({ length: count }, (_, number) => ({ number }));

let redis: TestRedis | null = null;
const open: Cluster[] = [];
const aRedis = () => {
  if (!redis) throw new Error('no Redis');
  return redis;
};
const startRedisNodes = async (count: number, url = aRedis().url) => {
  const nodes: Node[] = [];
  for (let number = 0; number < count; number++) {
    const node = new Node(await RedisNode.open(url));
    open.push(node.cluster);
    nodes.push(node);
    await node.cluster.start(node);
  }
  await until('everybody to be introduced', () => nodes.every(({ introductions }) => introductions > 0));
  return nodes as [Node, Node, ...Node[]];
};
/** One node in all roles. */
const startLoneNode = async () => {
  const node = new Node(new LoneNode());
  await node.cluster.start(node);
  return [node, node] as [Node, Node, ...Node[]];
};
const leaderOf = (nodes: readonly Node[]) => {
  const [leader, ...others] = [...new Set(nodes)].filter(({ cluster }) => cluster.leads);
  if (!leader || others.length > 0) throw new Error(`${others.length + (leader ? 1 : 0)} nodes lead`);
  return leader;
};

beforeAll(() => {
  Logger.overrideLogger(false);
});
afterEach(async () => {
  await redis?.resume();
  for (const cluster of open.splice(0)) await cluster.close();
}, 20_000);

const contract = (start: () => Promise<[Node, Node, ...Node[]]>) => {
  let nodes: [Node, Node, ...Node[]];
  beforeEach(async () => {
    nodes = await start();
  });

  it('has one leader, whom each node reaches', async () => {
    const leader = leaderOf(nodes);
    for (const { cluster } of nodes) {
      expect(cluster.isLed).toBe(true);
      const answer = await cluster.askLeader('echo', { text: 'ä' });
      expect(answer).toEqual({ by: leader.cluster.nodeId, payload: { text: 'ä' } });
    }
  });

  it('brings refusals back as they are', async () => {
    for (const { cluster } of nodes) {
      const refusal: unknown = await cluster.askLeader('full', {}).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(LanrageError);
      expect(refusal).toMatchObject({ code: 'PARTY_FULL', message: 'No place.', retryAfterSeconds: 7 });
    }
  });

  it('calls a fault of the leader INTERNAL', async () => {
    for (const { cluster } of nodes) {
      const fault: unknown = await cluster.askLeader('broken', {}).catch((error: unknown) => error);
      expect(toLanrageError(fault).code).toBe('INTERNAL');
    }
  });

  it('has the leader begin with questions in their order, whatever they take', async () => {
    for (const { cluster } of new Set(nodes)) {
      const { led } = leaderOf(nodes);
      led.length = 0;
      const questions = numbers(200);
      await Promise.all(questions.map((one, place) => cluster.askLeader(place === 3 ? 'slow' : 'echo', one)));
      expect(payloads(led)).toEqual(questions);
    }
  });

  it('has nodes hear what they are told in its order, between questions', async () => {
    const { cluster } = leaderOf(nodes);
    for (const { cluster: target, served } of new Set(nodes)) {
      const messages = numbers(200);
      const answers: Promise<unknown>[] = [];
      for (const [place, message] of messages.entries()) {
        if (place % 3 > 0) cluster.tell(target.nodeId, 'note', message);
        else answers.push(cluster.ask(target.nodeId, 'echo', message, 5000));
      }
      await Promise.all(answers);
      await until('all messages', () => served.length === messages.length);
      expect(payloads(served)).toEqual(messages);
    }
  });

  it('counts for all nodes together, and takes counts back', async () => {
    const [one, other] = nodes.map(({ cluster }) => cluster.limiter('tries', { points: 3, duration: 60 }));
    if (!one || !other) throw new Error('two nodes');
    // A lone node has one limiter of a name; here there are two.
    const second = nodes[0] === nodes[1] ? one : other;
    await one.consume('alice');
    await second.consume('alice');
    await one.consume('alice');
    await second.reward('alice');
    await one.consume('alice');
    expect((await second.get('alice'))?.remainingPoints).toBe(0);
    await expect(second.consume('alice')).rejects.toBeInstanceOf(RateLimiterRes);
    await expect(one.consume('alice')).rejects.toBeInstanceOf(RateLimiterRes);
    await one.consume('bob');
  });

  it('gives what is to be taken once to one of many', async () => {
    const [{ cluster: one }, { cluster: other }] = nodes;
    for (let round = 0; round < 20; round++) {
      await one.oneTime.put(`key ${round}`, 'value', 10_000);
      const takers = Array.from({ length: 50 }, (_, place) =>
        (place % 2 ? one : other).oneTime.take(`key ${round}`),
      );
      const taken = (await Promise.all(takers)).filter((value) => value !== null);
      expect(taken).toEqual(['value']);
    }
    expect(await other.oneTime.take('never put')).toBeNull();
    await one.oneTime.put('short', 'value', 50);
    await sleep(80);
    expect(await other.oneTime.take('short')).toBeNull();
  });

  it('answers on while the leader resigns', async () => {
    const leader = leaderOf(nodes);
    const before = leader.cluster.askLeader('slow', {});
    await leader.cluster.resign();
    expect(leader.endedTerms).toBe(1);
    expect(await before).toEqual({ after: 'a while' });
    for (const { cluster } of nodes)
      expect(await cluster.askLeader('echo', {})).toMatchObject({ payload: {} });
  });
};

describe('a lone node', () => contract(startLoneNode));

describeRedis('nodes that meet in Redis', () => {
  beforeAll(async () => {
    redis = await TestRedis.start();
  }, 20_000);
  beforeEach(() => aRedis().command('FLUSHALL'));
  afterAll(() => redis?.kill());

  describe('as one', () => contract(() => startRedisNodes(3)));

  it('replace a leader that was killed, and ask the new one what the old one owed', async () => {
    const nodes = await startRedisNodes(3);
    const old = leaderOf(nodes);
    const survivors = nodes.filter((node) => node !== old);
    const owed = survivors.map(({ cluster }) => cluster.askLeader('never', {}));
    await until('the old leader to have the questions', () => old.led.length === 2);
    await old.cluster.close(); // without a word to anybody, as it does not resign
    const leader = await until('another leader', () => survivors.find(({ cluster }) => cluster.leads));
    const other = survivors.find((node) => node !== leader);
    await until('the question to be asked again', () => leader.led.length === 2);
    await until('introductions', () => survivors.every(({ introductions }) => introductions === 2));
    expect(await other?.cluster.askLeader('echo', {})).toMatchObject({ by: leader.cluster.nodeId });
    await until('the old one to be missed', () => leader.gone.length > 0);
    expect(leader.gone).toEqual([old.cluster.nodeId]);
    expect(await Promise.race([...owed, sleep(10, 'open')])).toBe('open');
    await Promise.all(survivors.map(({ cluster }) => cluster.close()));
    await expect(Promise.all(owed)).rejects.toMatchObject({ code: 'CONTROL_UNAVAILABLE' });
  }, 20_000);

  it('hand over at once when a leader resigns', async () => {
    const nodes = await startRedisNodes(2);
    const old = leaderOf(nodes);
    await old.cluster.resign();
    await until('another leader', () => nodes.some((node) => node !== old && node.cluster.leads), {
      intervalMs: 5,
    });
    await until('the old one to see it', () => !old.cluster.leads);
    expect(old.endedTerms).toBe(1);
  });

  it.each([
    ['is killed and comes back with nothing', () => aRedis().kill(), () => aRedis().up()],
    ['hangs for a while', () => aRedis().pause(), () => aRedis().resume()],
  ])(
    'refuse questions while Redis %s, and lead on after that',
    async (_what, takeAway, bringBack) => {
      const nodes = await startRedisNodes(2);
      const limiter = nodes[0].cluster.limiter('requests', { points: 2, duration: 60 });
      await takeAway();
      await until('the leader to stop', () => nodes.every(({ cluster }) => !cluster.leads));
      await until('nobody to hope for one', () => nodes.every(({ cluster }) => !cluster.isLed));
      const refusal = { code: 'CONTROL_UNAVAILABLE', retryAfterSeconds: 2 };
      for (const { cluster } of nodes) {
        await expect(cluster.askLeader('echo', {})).rejects.toMatchObject(refusal);
        await expect(cluster.oneTime.put('key', 'value', 1000)).rejects.toMatchObject({ code: refusal.code });
        await expect(cluster.oneTime.take('key')).rejects.toMatchObject({ code: refusal.code });
      }
      // Each node counts for itself meanwhile.
      await limiter.consume('alice', 2);
      await expect(limiter.consume('alice')).rejects.toBeInstanceOf(RateLimiterRes);
      const before = nodes.map(({ introductions }) => introductions);
      await bringBack();
      await until('a leader', () => nodes.some(({ cluster }) => cluster.leads));
      await until('introductions', () =>
        nodes.every((node, place) => node.introductions > (before[place] ?? 0)),
      );
      const leader = leaderOf(nodes);
      for (const { cluster } of nodes) {
        expect(await cluster.askLeader('echo', {})).toMatchObject({ by: leader.cluster.nodeId });
      }
      await limiter.consume('bob');
    },
    30_000,
  );

  it('begin anew when the leader may have missed something', async () => {
    const nodes = await startRedisNodes(2);
    await aRedis().command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until('introductions', () => nodes.every(({ introductions }) => introductions > 1));
    await until('a leader', () => nodes.some(({ cluster }) => cluster.leads));
    const leader = leaderOf(nodes);
    expect(nodes[0].terms + nodes[1].terms).toBe(2);
    expect(nodes[0].endedTerms + nodes[1].endedTerms).toBe(1);
    for (const { cluster } of nodes) {
      expect(await cluster.askLeader('echo', {})).toMatchObject({ by: leader.cluster.nodeId });
    }
  });

  it('do not wait forever for a node that does not answer', async () => {
    const [one, other] = await startRedisNodes(2);
    await expect(one.cluster.ask(other.cluster.nodeId, 'never', {}, 100)).rejects.toMatchObject({
      code: 'CONTROL_UNAVAILABLE',
    });
    await expect(one.cluster.ask('nobody', 'echo', {}, 100)).rejects.toMatchObject({
      code: 'CONTROL_UNAVAILABLE',
    });
  });

  it('of two servers do not meet in one Redis, if each has a database of it', async () => {
    const [[one], [other]] = [
      await startRedisNodes(1, aRedis().url),
      await startRedisNodes(1, `${aRedis().url}/1`),
    ];
    expect([one.cluster.leads, other.cluster.leads]).toEqual([true, true]);
  });
});
