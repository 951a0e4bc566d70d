import { version } from '#runtime/version';
import { askIfRunning } from '../agent/local-client';
import { answer, type Context } from './context';
import { renderOverview } from './overview-rendering';

/** `lanrage` alone: where one is, and what comes next. */
export async function overview(context: Context): Promise<void> {
  const { server, nickname, home } = context.config;
  const status = (await askIfRunning(home, 'status', {})) ?? null;
  answer(context, status, renderOverview({ version, server, nickname, status }));
}
