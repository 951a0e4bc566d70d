import { LanrageError } from '#shared/errors';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { runCommand } from './command';

/**
 * Has the kernel send no larger packets than this to one address of the tunnel: a route of its own, whose MTU no ICMP changes. TCP
 * keeps to it, also in connections that there are; larger datagrams are fragmented inside the tunnel. The route goes
 * with the interface.
 * @param bytes of an IPv4 packet; null: whatever the interface takes
 * @throws LanrageError INTERFACE_FAILED
 */
export async function limitPackets(
  interfaceName: string,
  virtualIp: VirtualIp,
  bytes: number | null,
): Promise<void> {
  const route = `${virtualIp}/32 dev ${interfaceName}`;
  const command = bytes === null ? `route delete ${route}` : `route replace ${route} mtu lock ${bytes}`;
  const { code, stderr } = await runCommand('ip', command.split(' '));
  // There is none to delete after the interface has been down or away.
  const isDone = code === 0 || (bytes === null && /no such|cannot find/i.test(stderr));
  if (!isDone) throw new LanrageError('INTERFACE_FAILED', { message: `ip(8) failed: ${stderr.trim()}` });
}
