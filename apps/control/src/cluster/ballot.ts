import type { Redis } from 'ioredis';
import type { NodeId } from './cluster';
import { election, type Ballot } from './election';

/**
 * KEYS: the lease, `<term> <node>`; the nodes by when they voted last.
 * ARGV: node; lease, ms; gone after, ms; the term that the node leads in, or 0; whether it would lead.
 */
const voteScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local voted = redis.call('ZSCORE', KEYS[2], ARGV[1])
  local unknown = (not voted or tonumber(voted) < now - ARGV[3]) and 1 or 0
  redis.call('ZADD', KEYS[2], now, ARGV[1])
  local term, leader = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (.+)$')
  if leader == ARGV[1] and term ~= ARGV[4] then leader = nil end
  if leader == ARGV[1] then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
  elseif not leader and ARGV[5] == '1' then
    leader = ARGV[1]
    term = string.format('%.0f', math.max(now, (tonumber(term) or 0) + 1))
    redis.call('SET', KEYS[1], term .. ' ' .. leader, 'PX', ARGV[2])
  end
  local gone = {}
  if leader == ARGV[1] then
    gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 20 * ARGV[3])
  end
  return { leader or '', term or '0', unknown, gone }`;

/** KEYS: the lease. ARGV: what it is while the node leads. */
const resignScript = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
  return 0`;

type Reply = [leader: NodeId, term: string, unknown: number, gone: NodeId[]];

/** The ballot in Redis, see election.ts. */
export class BallotBox {
  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
    private readonly nodeId: NodeId,
  ) {}

  /** @param held the term that this node leads in, or 0 */
  async vote(held: number, wouldLead: boolean): Promise<Ballot> {
    const { leaseMs, goneMs } = election;
    const keys = [this.lease, `${this.prefix}voters`];
    const values = [this.nodeId, leaseMs, goneMs, held, wouldLead ? '1' : '0'];
    const reply = (await this.redis.eval(voteScript, keys.length, ...keys, ...values)) as Reply;
    const [leader, term, unknown, gone] = reply;
    return { leader: leader || null, term: Number(term), unknown: unknown === 1, gone };
  }

  async resign(held: number): Promise<void> {
    await this.redis.eval(resignScript, 1, this.lease, `${held} ${this.nodeId}`);
  }

  private get lease(): string {
    return `${this.prefix}lease`;
  }
}
