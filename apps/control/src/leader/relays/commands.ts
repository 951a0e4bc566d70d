import { openAnswerSchema, PAIRS_PER_MESSAGE, type OpenPairsCommand } from '#shared/api/relay-link';
import { splitEndpoint } from '#shared/endpoint';
import { inParts } from '../../util/lists';
import type { Pair } from './pair';
import type { RelayLink } from './relay-link';

const ANSWER_TIMEOUT_MS = 5000;

/**
 * Has a relay open pairs, each on the port that it had before if that is free.
 *
 * @returns the ports by pair id; a pair that the relay could not open is missing
 */
export async function openOnRelay(link: RelayLink, pairs: readonly Pair[]): Promise<Map<string, number>> {
  const ports = new Map<string, number>();
  for (const part of inParts(pairs, PAIRS_PER_MESSAGE)) {
    const command: OpenPairsCommand = {
      pairs: part.map(({ pairId, players, endpoint }) => ({
        pairId,
        players,
        preferredPort: endpoint && splitEndpoint(endpoint).port,
      })),
    };
    const answer = await link.command('pairs.open', command, ANSWER_TIMEOUT_MS);
    for (const result of openAnswerSchema.parse(answer).results) {
      if ('port' in result) ports.set(result.pairId, result.port);
    }
  }
  return ports;
}

export async function closeOnRelay(link: RelayLink, pairs: readonly Pick<Pair, 'pairId'>[]): Promise<void> {
  for (const part of inParts(pairs, PAIRS_PER_MESSAGE)) {
    const command = { pairIds: part.map(({ pairId }) => pairId) };
    await link.command('pairs.close', command, ANSWER_TIMEOUT_MS);
  }
}
