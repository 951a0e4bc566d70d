import { askAgent } from '../agent/local-client';
import { answer, type Context } from './context';

/** `lanrage leave` */
export async function leave(context: Context): Promise<void> {
  await askAgent(context.config.home, 'leave', {});
  answer(context, { status: 'left' }, 'You left the party.');
}
