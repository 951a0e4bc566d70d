import { LanrageError } from '#shared/errors';
import type { VirtualNetwork } from '#shared/party/virtual-ip';
import { SerialQueue } from '#shared/serial-queue';
import { runCommand } from '../command';
import { formatExposure, type Exposure } from './exposure';
import { guardRuleset, removal } from './ruleset';

/** What the other members of the party reach, as status and doctor show it. */
export interface GuardInfo {
  /** `off`: the rules are not in force, `detail` says why. */
  readonly state: 'on' | 'off';
  /** `all`, `games` or ports, as LANRAGE_EXPOSE takes them. */
  readonly exposure: string;
  readonly forwarding: boolean;
  readonly detail: string | null;
}

/** What starts or reloads another firewall may flush all tables, those of others included. */
const RENEWAL_MS = 30_000;

/** Keeps other members of the party from what is not the game's, by an nftables table of the interface's own. */
export class Guard {
  private wanted: { readonly exposure: Exposure; readonly network: VirtualNetwork } | undefined;
  private current: GuardInfo | null = null;
  private timer: NodeJS.Timeout | undefined;
  private readonly changes = new SerialQueue();

  constructor(
    private readonly interfaceName: string,
    private readonly forwarding: boolean,
  ) {}

  /** Null while nothing is to be guarded. */
  info(): GuardInfo | null {
    return this.current;
  }

  /** Puts the rules into force, in place of those before. If that fails, {@link info} says why. */
  expose(exposure: Exposure, network: VirtualNetwork): Promise<void> {
    this.wanted = { exposure, network };
    this.timer ??= setInterval(() => void this.renew(), RENEWAL_MS).unref();
    return this.renew();
  }

  /** Puts the rules into force again, in case another program has removed them. */
  renew(): Promise<void> {
    return this.changes.run(async () => {
      if (this.wanted === undefined) return;
      const { interfaceName, forwarding } = this;
      const { exposure } = this.wanted;
      const detail = await applyRules(guardRuleset({ interfaceName, forwarding, ...this.wanted }));
      const state = detail === null ? 'on' : 'off';
      this.current = { state, exposure: formatExposure(exposure), forwarding, detail };
    });
  }

  remove(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    this.wanted = undefined;
    return this.changes.run(async () => {
      if (this.current) await removeGuard(this.interfaceName);
      this.current = null;
    });
  }
}

/** Removes the rules of an interface, if there are any. */
export async function removeGuard(interfaceName: string): Promise<void> {
  await applyRules(removal(interfaceName));
}

/** @returns null when the rules are in force, else why not */
async function applyRules(rules: string): Promise<string | null> {
  try {
    const { code, stderr } = await runCommand('nft', ['-f', '-'], { input: rules });
    if (code === 0) return null;
    return `nft: ${lastLine(stderr)}`;
  } catch (error) {
    if (error instanceof LanrageError) return error.message;
    throw error;
  }
}

/** Without the place in the rules: `/dev/stdin:1:1-25: Error: Could not process rule: Operation not permitted`. */
function lastLine(stderr: string): string {
  const line = stderr.split('\n').find((one) => one.includes('Error:')) ?? stderr.trim();
  return line.replace(/^.*Error: /, '') || 'ended without saying why';
}
