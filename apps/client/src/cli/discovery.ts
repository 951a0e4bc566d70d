import { LanrageError } from '#shared/errors';
import { renderTable } from '#shared/terminal/text';
import { askAgent } from '../agent/local-client';
import type { DiscoveryInfo } from '../discovery/lan-discovery';
import { answer, type Context } from './context';
import { discoveryText } from './rendering';

const WIDTHS = [18, 8, 10, 10, 11, 10];

/** `lanrage discovery`: what this machine's games have said to the LAN. @throws LanrageError NOT_IN_PARTY … */
export async function discovery(context: Context): Promise<void> {
  const status = await askAgent(context.config.home, 'status', {});
  const info = status.status === 'in_party' ? status.discovery : null;
  if (!info) throw new LanrageError('NOT_IN_PARTY');
  answer(context, info, renderDiscovery(info));
}

export function renderDiscovery(info: DiscoveryInfo): string {
  if (info.flows.length === 0)
    return [
      discoveryText(info),
      '',
      'No game on this machine has looked for others yet. Open the list of LAN games in one.',
    ].join('\n');
  const rows = info.flows.map(({ destination, port, carried, copies, repeated, limited }) =>
    [destination, port, carried, copies, repeated, limited].map(String),
  );
  const head = ['sent to', 'port', 'carried', 'copies', 'repeated', 'too many'];
  return [discoveryText(info), '', renderTable(head, WIDTHS, rows)].join('\n');
}
