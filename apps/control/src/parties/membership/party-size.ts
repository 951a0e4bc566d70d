import { LanrageError } from '#shared/errors';

/** @param most that the server allows @throws LanrageError PARTY_TOO_LARGE: whoever asks for more would wait for friends who find it full */
export function assertSize(wanted: number | undefined, most: number): void {
  if (wanted === undefined || wanted <= most) return;
  throw new LanrageError('PARTY_TOO_LARGE', {
    message: `The server has room for ${most} players in one party. Ask for no more.`,
  });
}
