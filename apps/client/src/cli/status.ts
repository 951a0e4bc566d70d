import { askAgent } from '../agent/local-client';
import { answer, type Context } from './context';
import { renderStatus } from './rendering';

/** `lanrage status` */
export async function status(context: Context): Promise<void> {
  const current = await askAgent(context.config.home, 'status', {});
  answer(context, current, renderStatus(current));
}
