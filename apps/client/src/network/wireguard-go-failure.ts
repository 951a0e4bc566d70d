import { LanrageError } from '#shared/errors';

export interface Circumstances {
  readonly interfaceName: string;
  readonly isRoot: boolean;
}

/**
 * What wireguard-go's own words mean. It prints a banner in a frame on stderr, and lines such as
 * `ERROR: (lanrage0) 2026/01/31 20:15:00 Failed to create TUN device: permission denied` on stdout.
 */
export function wireGuardGoFailure(output: string, { interfaceName, isRoot }: Circumstances): LanrageError {
  const cause = lastWords(output);
  if (/not permitted|permission denied/i.test(cause)) return rightsMissing(isRoot, cause);
  if (/\/dev\/net\/tun|no such device|inappropriate ioctl/i.test(cause)) {
    return failure(
      `This system has no usable /dev/net/tun (${cause}). Load it: modprobe tun. A container has to be given it: --device /dev/net/tun`,
    );
  }
  // EBUSY: another program's TUN device; EINVAL: a device of another kind.
  if (/resource busy|invalid argument/i.test(cause)) return interfaceTaken(interfaceName);
  return failure(cause ? `wireguard-go: ${cause}` : 'wireguard-go did not get ready, and did not say why.');
}

/** @param cause what the system said, which root needs to know */
export function rightsMissing(isRoot: boolean, cause: string): LanrageError {
  if (!isRoot) return new LanrageError('PERMISSION_DENIED');
  return new LanrageError('PERMISSION_DENIED', {
    message: `This system does not let even root set up a virtual network (${cause}). A container has to be given the right: --cap-add NET_ADMIN --device /dev/net/tun`,
  });
}

export function interfaceTaken(name: string): LanrageError {
  return failure(
    `There is a network interface named ${name} already. Pick another name with LANRAGE_INTERFACE.`,
  );
}

/** The last line that is no part of the frame, without level, interface and time. */
function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() && !/^[┌│└]/.test(line.trim()));
  return (lines.at(-1) ?? '').replace(/^\w+: \([^)]*\) \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, '').trim();
}

function failure(message: string): LanrageError {
  return new LanrageError('INTERFACE_FAILED', { message });
}
