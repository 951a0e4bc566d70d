import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { publicKeyOf } from '#shared/auth/proof';
import { type PublicKey, parsePublicKey } from '#shared/wireguard/key';
import type { Host } from '../lab/host';

/** wireguard-go on a host of the lab, configured with nothing but `wg`. */
export class WireguardPeer {
  readonly publicKey: PublicKey;
  readonly #privateKey: string;

  constructor(
    private readonly host: Host,
    readonly virtualIp: string,
  ) {
    const privateKey = randomBytes(32);
    this.#privateKey = privateKey.toString('base64');
    this.publicKey = parsePublicKey(publicKeyOf(privateKey)) as PublicKey;
  }

  async start(): Promise<void> {
    const name = this.host.interfaceName;
    const child = this.host.spawn(['wireguard-go', '--foreground', name], { stdio: 'ignore' });
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('wireguard-go ended')));
    ended.catch(() => undefined);
    while (!existsSync(`/var/run/wireguard/${name}.sock`)) {
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10))]);
    }
    // Our end is a socket, which cannot be opened by the name of /dev/stdin; a pipe can.
    await this.#run(['sh', '-c', `cat | wg set ${name} private-key /dev/stdin`], this.#privateKey);
    await this.#run(['ip', 'address', 'add', `${this.virtualIp}/16`, 'dev', name]);
    await this.#run(['ip', 'link', 'set', name, 'mtu', '1280', 'up']);
  }

  /** Makes the other one a peer behind an endpoint; removed before, so that a handshake begins at once. */
  async meet(other: WireguardPeer, endpoint: string): Promise<void> {
    const peer = ['wg', 'set', this.host.interfaceName, 'peer', other.publicKey];
    await this.#run([...peer, 'remove']);
    await this.#run([
      ...peer,
      'endpoint',
      endpoint,
      'allowed-ips',
      `${other.virtualIp}/32`,
      'persistent-keepalive',
      '25',
    ]);
  }

  /** Pings until the first answer, or for so many seconds. */
  async reaches(other: WireguardPeer, seconds: number): Promise<boolean> {
    const ping = ['ping', '-c1', '-i0.05', `-w${seconds}`, other.virtualIp];
    return (await this.host.exec(ping)).code === 0;
  }

  /** Pings 20 times a second and says how many answers came. */
  async ping(other: WireguardPeer, count: number): Promise<number> {
    const ping = ['ping', '-q', '-i0.05', `-c${count}`, '-W2', other.virtualIp];
    const { stdout } = await this.host.exec(ping);
    return Number(/(\d+) received/.exec(stdout)?.[1]);
  }

  /** Whether all pings but two are answered. A busy machine may lose more; not three times in a row. */
  async isHeardBy(other: WireguardPeer, count: number): Promise<boolean> {
    for (let tries = 0; tries < 3; tries++) if ((await this.ping(other, count)) >= count - 2) return true;
    return false;
  }

  async #run(argv: string[], input = ''): Promise<void> {
    const { code, stderr } = await this.host.exec(argv, { input });
    if (code !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
  }
}
