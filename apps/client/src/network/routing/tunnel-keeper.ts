import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { runCommand } from '../command';
import { IpMonitor } from './ip-monitor';
import { answersIn, linkIn, waysIn } from './reading';
import {
  missingParts,
  repairCommands,
  straysAmong,
  type Stray,
  type Tunnel,
  type TunnelInfo,
  type TunnelPart,
} from './tunnel-state';

interface TunnelKeeperEvents {
  /** The interface is not there any more. */
  gone: [];
  /** Another program took this away; it is back. */
  repaired: [parts: readonly TunnelPart[]];
  /** What cannot be repaired is something else than before. */
  changed: [now: TunnelInfo, before: TunnelInfo];
}

/** One change of the network is several messages of the kernel. */
const SETTLE_MS = 100;
/** For a new tunnel or player: starting a program holds this one up, which has handshakes to answer and direct paths to find. */
const NEW_TUNNEL_MS = 4_000;
/** A machine whose routes change all the time is looked at so often. */
const SHORTEST_INTERVAL_MS = 500;
/** Without a word from the kernel. */
const INTERVAL_MS = 10_000;

/**
 * Keeps a party's interface as the agent made it, whatever other programs do: up, with its address and the route to the
 * party's network; and knows the players whose packets the kernel sends elsewhere. Those it does not touch: the other
 * network has its reasons.
 */
export class TunnelKeeper extends EventEmitter<TunnelKeeperEvents> {
  private readonly monitor = new IpMonitor();
  private tunnel: Tunnel | undefined;
  private current: TunnelInfo | null = null;
  private looking: Promise<void> = Promise.resolve();
  private lookedAtMs = 0;
  private soon: NodeJS.Timeout | undefined;
  private soonAtMs = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param peers the addresses to which the kernel has to send by the tunnel */
  constructor(private readonly peers: () => Iterable<VirtualIp>) {
    super();
    this.monitor.on('news', () => this.lookSoon());
    this.monitor.on('back', () => this.lookSoon());
  }

  /** Keeps this interface from now on, in place of another one. */
  start(tunnel: Tunnel): void {
    this.stop();
    this.tunnel = tunnel;
    this.current = { network: tunnel.network, missing: [], detail: null, strays: [], repairs: 0 };
    this.timer = setInterval(() => this.lookSoon(), INTERVAL_MS).unref();
    this.monitor.start();
    this.lookIn(NEW_TUNNEL_MS);
  }

  stop(): void {
    this.tunnel = undefined;
    this.current = null;
    this.monitor.stop();
    clearInterval(this.timer);
    clearTimeout(this.soon);
    this.soon = undefined;
  }

  /** Null while there is no interface. */
  info(): TunnelInfo | null {
    return this.current;
  }

  /** Undefined for a player to whom the kernel sends by the tunnel, as far as is known. */
  strayAt(virtualIp: string): Stray | undefined {
    return this.current?.strays.find((stray) => stray.virtualIp === virtualIp);
  }

  /** There is another peer, whose packets may go elsewhere. */
  peerAdded(): void {
    this.lookIn(NEW_TUNNEL_MS);
  }

  /** At the next opportunity, which is less than a second away. */
  private lookSoon(): void {
    this.lookIn(SETTLE_MS);
  }

  private lookIn(waitMs: number): void {
    const nowMs = performance.now();
    const dueAtMs = Math.max(nowMs + waitMs, this.lookedAtMs + SHORTEST_INTERVAL_MS);
    if (!this.tunnel || (this.soon && this.soonAtMs <= dueAtMs)) return;
    clearTimeout(this.soon);
    this.soonAtMs = dueAtMs;
    this.soon = setTimeout(() => {
      this.soon = undefined;
      void this.look();
    }, dueAtMs - nowMs).unref();
  }

  /** Looks now, and repairs what it can. */
  look(): Promise<void> {
    this.looking = this.looking.then(() => this.lookAndRepair());
    return this.looking;
  }

  private async lookAndRepair(): Promise<void> {
    const { tunnel } = this;
    if (!tunnel) return;
    this.lookedAtMs = performance.now();
    let seen = await see(tunnel, this.peers());
    let detail: string | null = null;
    const broken = seen === 'gone' || seen === 'unknown' ? [] : seen.missing;
    if (broken.length > 0 && this.tunnel === tunnel) {
      detail = await repair(tunnel);
      seen = await see(tunnel, this.peers());
    }
    if (this.tunnel !== tunnel || !this.current || seen === 'unknown') return;
    if (seen === 'gone') return void this.emit('gone');
    const { missing, strays } = seen;
    const mended = broken.filter((part) => !missing.includes(part));
    const repairs = this.current.repairs + (mended.length > 0 ? 1 : 0);
    const before = this.current;
    this.current = { ...before, missing, strays, repairs, detail: missing.length > 0 ? detail : null };
    if (mended.length > 0) this.emit('repaired', mended);
    if (!isDeepStrictEqual({ ...before, repairs }, this.current)) this.emit('changed', this.current, before);
  }
}

/** `unknown`: ip(8) does not say. */
type Sight = 'gone' | 'unknown' | { readonly missing: TunnelPart[]; readonly strays: Stray[] };

async function see(tunnel: Tunnel, peers: Iterable<VirtualIp>): Promise<Sight> {
  const { interfaceName, network } = tunnel;
  const addresses = [...new Set(peers)];
  const shown = await ask(['-json', 'address', 'show', 'dev', interfaceName]);
  if (shown.code !== 0) return /does not exist/i.test(shown.stderr) ? 'gone' : 'unknown';
  const link = linkIn(shown.stdout);
  // Each question has its answer on a line, but for those that fail: of addresses to which there is no way.
  const questions = [`route show exact ${network} dev ${interfaceName}`].concat(
    addresses.map((address) => `route get ${address}`),
  );
  const routed = await ask(['-force', '-json', '-batch', '-'], questions.join('\n'));
  const [routes, ...answers] = answersIn(routed.stdout);
  if (!link || !Array.isArray(routes)) return 'unknown';
  const missing = missingParts(link, routes.length > 0, tunnel);
  return { missing, strays: straysAmong(addresses, waysIn(answers), tunnel) };
}

/** @returns why not, if it did not work */
async function repair(tunnel: Tunnel): Promise<string | null> {
  const { code, stderr } = await ask(['-batch', '-'], repairCommands(tunnel).join('\n'));
  return code === 0 ? null : `ip: ${stderr.trim().split('\n', 1)[0]}`;
}

async function ask(args: string[], input = '') {
  return runCommand('ip', args, { input }).catch((error: Error) => ({
    code: null,
    stdout: '',
    stderr: error.message,
  }));
}
