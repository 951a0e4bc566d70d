import { examineNetwork } from '../doctor/network-examination';
import { answer, type Context } from './context';
import { renderNetcheck } from './rendering';

/** `lanrage netcheck`: needs no agent and no rights, and says what it could not find out. */
export async function netcheck(context: Context): Promise<void> {
  const report = await examineNetwork(context.config);
  answer(context, report, renderNetcheck(report));
}
