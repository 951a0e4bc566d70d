import { Agent } from '../agent/agent';
import { answer, type Context } from './context';
import { stopRequested } from './foreground';

/** `lanrage agent`: runs until it is told to stop. */
export async function agent(context: Context): Promise<void> {
  const { config } = context;
  const stop = stopRequested();
  const running = await Agent.start(config, config.logLevel ?? 'info');
  running.connect();
  const peerId = running.parties.myPeerId;
  answer(context, { status: 'ready', peerId }, `Agent ready in ${config.home}. Ctrl-C stops it.`);
  await stop;
  await running.stop();
}
