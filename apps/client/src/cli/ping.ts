import { setTimeout as delay } from 'node:timers/promises';
import { LanrageError } from '#shared/errors';
import type { PingAnswer } from '../agent/local-api';
import { askAgent } from '../agent/local-client';
import type { Context } from './context';
import { renderPing } from './rendering';

const INTERVAL_MS = 1_000;

/** `lanrage ping PEER`. @throws LanrageError PEER_UNREACHABLE when no ping was answered */
export async function ping({ config, json }: Context, peer: string, count: number): Promise<void> {
  const answers: PingAnswer[] = [];
  for (let sent = 0; sent < count; sent++) {
    if (sent > 0) await delay(INTERVAL_MS);
    const pong = await askAgent(config.home, 'ping', { peer });
    answers.push(pong);
    if (!json) console.log(renderPing(pong));
  }
  const latenciesMs = answers.map(({ latencyMs }) => latencyMs);
  if (json) {
    const { name, virtualIp } = answers[0] ?? {};
    console.log(JSON.stringify({ name, virtualIp, latenciesMs }));
  }
  if (latenciesMs.every((latencyMs) => latencyMs === null)) throw new LanrageError('PEER_UNREACHABLE');
}
