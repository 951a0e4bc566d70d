import type { LiveState } from '../leader/live-state';
import type { Relay } from '../leader/relays/registry';
import type { Metrics } from '../operations/metrics';

const perRelay: readonly (readonly [name: string, help: string, read: (relay: Relay) => number | null])[] = [
  ['up', '1 while the relay is connected and has announced its pairs', ({ ready }) => Number(ready)],
  ['draining', '1 while the relay gives its pairs away', ({ draining }) => Number(draining)],
  ['dead', '1 while the relay answers nobody', ({ dead }) => Number(dead)],
  ['assigned_pairs', 'Pairs that are assigned to the relay', ({ pairs }) => pairs],
  ['capacity_pairs', 'Pairs that the relay takes', ({ capacityPairs }) => capacityPairs],
  ['packets_per_second', 'As the relay reported last', ({ packetsPerSecond }) => packetsPerSecond],
  ['bytes_per_second', 'As the relay reported last', ({ bytesPerSecond }) => bytesPerSecond],
  [
    'event_loop_delay_seconds',
    'By how much the relay was late, 99th percentile, as it reported last',
    ({ eventLoopDelayMs }) => eventLoopDelayMs && eventLoopDelayMs / 1000,
  ],
];

/**
 * Adds gauges to the metrics: whether this node leads, and while it does, of all relays together and of each one by its id. The
 * registry keeps a bounded number of them.
 * @param live what this node holds while it leads; null while another one does
 */
export function showRelays(metrics: Metrics, live: () => LiveState | null): void {
  const relays = () => live()?.registry.all() ?? [];
  const ready = () => relays().filter((relay) => relay.ready).length;
  metrics.gauge('lanrage_leads', '1 while this node leads; only then it knows of relays and pairs', () =>
    Number(live() !== null),
  );
  metrics.gauge('lanrage_relays_ready', 'Relays that are connected', ready);
  metrics.gauge(
    'lanrage_relay_pairs',
    'Pairs of members that need a relay',
    () => live()?.sessions.count ?? 0,
  );
  for (const [name, help, read] of perRelay) {
    metrics.gauges(`lanrage_relay_${name}`, help, 'relay', () =>
      relays().flatMap((relay) => {
        const value = read(relay);
        return value === null ? [] : [[relay.id, value] as const];
      }),
    );
  }
}
