import { LanrageError } from '#shared/errors';
import { askAgent } from '../agent/local-client';
import { answer, type Context } from './context';
import { renderState, renderStateValue } from './party-rendering';

/** `lanrage state list` */
export async function listState(context: Context): Promise<void> {
  const state = await askAgent(context.config.home, 'readState', {});
  answer(context, state, renderState(state));
}

/** `lanrage state get KEY`. @throws LanrageError NO_SUCH_KEY */
export async function getState(context: Context, key: string): Promise<void> {
  const { entries } = await askAgent(context.config.home, 'readState', {});
  const entry = entries.find((other) => other.key === key);
  if (!entry) throw new LanrageError('NO_SUCH_KEY');
  answer(context, entry, renderStateValue(entry));
}

/** `lanrage state set KEY VALUE` and, without a value, `lanrage state remove KEY` */
export async function writeState(
  context: Context,
  key: string,
  value: string | undefined,
  version: number | undefined,
): Promise<void> {
  const entry = await askAgent(context.config.home, 'writeState', { key, value, version });
  answer(context, entry, `${value === undefined ? 'Removed' : 'Written'}, version ${entry.version}.`);
}
