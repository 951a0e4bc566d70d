import { LanrageError } from '#shared/errors';
import type { AgentEvent } from '../agent/agent-events';
import { followAgent } from '../agent/local-client';
import { say, type Context } from './context';
import { renderEvent } from './event-rendering';
import { outputClosed, stopRequested } from './foreground';
import { renderStatus } from './rendering';

/** `lanrage events`: until Ctrl-C, or until nobody reads on. @throws LanrageError AGENT_NOT_RUNNING, also when it ends */
export async function events({ config, json }: Context): Promise<void> {
  const stop = Promise.race([stopRequested(), outputClosed()]).then(() => null);
  const happening = followAgent(config.home);
  for (;;) {
    const next = await Promise.race([happening.next(), stop]);
    if (next === null) return;
    if (next.done) throw new LanrageError('AGENT_NOT_RUNNING', { message: 'The agent has stopped.' });
    if (json) console.log(JSON.stringify(next.value));
    else for (const line of linesOf(next.value)) say(line);
  }
}

function linesOf(event: AgentEvent): string[] {
  return event.event === 'status' ? [renderStatus(event.data), ''] : renderEvent(event);
}
