import { askAgent } from '../agent/local-client';
import { say, type Context } from './context';
import { renderLogLine } from './log-rendering';

/** `lanrage log`: what the agent noted since it started, also as JSON a line each. @throws LanrageError AGENT_NOT_RUNNING … */
export async function log({ config, json }: Context): Promise<void> {
  const { lines } = await askAgent(config.home, 'log', {});
  if (lines.length === 0 && !json) say('The agent has logged nothing yet.');
  for (const line of lines) {
    if (json) console.log(line);
    else say(renderLogLine(line));
  }
}
