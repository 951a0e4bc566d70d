import { version } from '#runtime/version';
import { LanrageError } from '#shared/errors';
import type { StatusAnswer } from '../agent/local-api';
import { askAgent } from '../agent/local-client';
import { answer, type Context } from './context';
import { renderOverview } from './overview-rendering';

/** `lanrage` alone: where one is, and what comes next. */
export async function overview(context: Context): Promise<void> {
  const { server, nickname, home } = context.config;
  const status = await statusIfAny(home);
  answer(context, status, renderOverview({ version, server, nickname, status }));
}

async function statusIfAny(home: string): Promise<StatusAnswer | null> {
  try {
    return await askAgent(home, 'status', {});
  } catch (error) {
    const isAway = error instanceof LanrageError && error.code === 'AGENT_NOT_RUNNING';
    if (isAway) return null;
    throw error;
  }
}
