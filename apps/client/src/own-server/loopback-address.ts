/**
 * The router's public address as one of this machine's own. Most home routers do not lead packets to their public address back
 * inside; with it, the host's agent reaches the server here under the address that friends have.
 */
import { LanrageError } from '#shared/errors';
import { runCommand } from '../network/command';

/** What is left by a program that was killed ends after this time. */
const LIFETIME_SECONDS = 300;
const RENEWAL_MS = 60_000;
/** As `ip address` shows it; the name of the device has to be in front. */
const LABEL = 'lo:lanrage';

export class LoopbackAddress {
  private readonly timer: NodeJS.Timeout;

  private constructor(private readonly address: string) {
    this.timer = setInterval(() => void this.put().catch(() => undefined), RENEWAL_MS).unref();
  }

  /** @param address IPv4 @throws LanrageError PERMISSION_DENIED, INTERFACE_FAILED */
  static async take(address: string): Promise<LoopbackAddress> {
    const own = new LoopbackAddress(address);
    try {
      await own.put();
      return own;
    } catch (error) {
      clearInterval(own.timer);
      throw error;
    }
  }

  async giveBack(): Promise<void> {
    clearInterval(this.timer);
    await runCommand('ip', ['address', 'delete', `${this.address}/32`, 'dev', 'lo']);
  }

  /** For the scope `host` the kernel never chooses it as the source of packets to others. */
  private async put(): Promise<void> {
    const lifetime = ['valid_lft', 'preferred_lft'].flatMap((name) => [name, String(LIFETIME_SECONDS)]);
    const address = [`${this.address}/32`, 'dev', 'lo', 'label', LABEL, 'scope', 'host', ...lifetime];
    const { code, stderr } = await runCommand('ip', ['address', 'replace', ...address]);
    if (code === 0) return;
    if (/not permitted/.test(stderr)) throw new LanrageError('PERMISSION_DENIED');
    throw new LanrageError('INTERFACE_FAILED', { message: `ip(8) failed: ${stderr.trim()}` });
  }
}
