import { LanrageError } from '#shared/errors';

/**
 * Refuses a size that the server does not allow. A party made smaller in silence would have its host wait for friends who find it full.
 * @param most players that the server allows in one party
 * @throws LanrageError PARTY_TOO_LARGE
 */
export function assertSize(wanted: number | undefined, most: number): void {
  if (wanted === undefined || wanted <= most) return;
  throw new LanrageError('PARTY_TOO_LARGE', {
    message: `The server has room for ${most} players in one party. Ask for no more.`,
  });
}
