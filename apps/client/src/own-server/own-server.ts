import { existsSync, lchownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ownAddress } from '#runtime/own-address';
import { ServerPrograms } from '#runtime/server-programs';
import { LanrageError } from '#shared/errors';
import { letEnter, makeHome } from '../home';
import { inHome } from '../home-failure';
import { PortSet, type PortSetOutcome } from '../nat/port-set';
import { interfaceAddresses } from '../network/interfaces';
import type { OwnServerConfig } from './config';
import { LoopbackAddress } from './loopback-address';
import { portsOf, reachBy, reachWithoutRouter, serverUrl, type Obstacle, type Reach } from './reach';

export interface OwnServerListener {
  /** Gets what the programs print. */
  readonly onLine: (line: string) => void;
  /** Gets a sentence when one of them died. */
  readonly onFault: (sentence: string) => void;
  /** Gets what the router says when friends do not come in any more as before. */
  readonly onUnreachable: (outcome: Obstacle | { readonly kind: 'moved'; readonly address: string }) => void;
}

/** Control plane, relay and STUN on the player's own machine, reached as far as its network allows. */
export class OwnServer {
  private constructor(
    private readonly config: OwnServerConfig,
    private readonly programs: ServerPrograms,
    private readonly ports: PortSet | undefined,
    private readonly loopback: LoopbackAddress | undefined,
    readonly reach: Reach,
    /** The address by which the own network reaches it as well. */
    private readonly homeAddress: string,
  ) {}

  /**
   * Asks the router for the ports, and starts the programs.
   * @param folder has the compiled programs
   * @param home state folder of the agent
   * @returns null when it was told to stop meanwhile
   * @throws LanrageError SERVER_NOT_STARTED, PERMISSION_DENIED, HOME_DENIED …
   */
  static async start(
    config: OwnServerConfig,
    { folder, home }: { readonly folder: string; readonly home: string },
    listener: OwnServerListener,
    stop: Promise<null>,
  ): Promise<OwnServer | null> {
    makeFolder(config, home);
    const homeAddress = await ownAddress();
    const ready = reachWithoutRouter(config.publicAddress, homeAddress);
    const ports = ready ? undefined : new PortSet(portsOf(config.ports), (lost) => tellLost(lost, listener));
    const outcome = await Promise.race([ports?.open(), stop]);
    const reach = ready ?? (outcome && reachBy(outcome, homeAddress));
    let loopback: LoopbackAddress | undefined;
    let programs: ServerPrograms | undefined;
    const undo = () => Promise.all([ports?.close(), loopback?.giveBack(), programs?.stop()]);
    try {
      if (reach) {
        loopback = await makeOwn(reach.address);
        const env = config.environmentAt(reach.address);
        const { user } = config;
        programs = new ServerPrograms({ ...listener, folder, env, user, isApart: true });
        if (await Promise.race([programs.start(), stop]))
          return new OwnServer(config, programs, ports, loopback, reach, homeAddress);
      }
    } catch (error) {
      await undo();
      if (error instanceof LanrageError) throw error;
      throw new LanrageError('SERVER_NOT_STARTED', { message: (error as Error).message, cause: error });
    }
    await undo();
    return null;
  }

  /** The URL by which everybody who can reach the server does. */
  get url(): string {
    return serverUrl(this.reach.address, this.config.ports);
  }

  /** For friends in the own network, whose router may not lead the other one back inside; null where it is the same. */
  get homeUrl(): string | null {
    const url = serverUrl(this.homeAddress, this.config.ports);
    return url === this.url || this.reach.address.includes(':') ? null : url;
  }

  /** The address to which a router's ports have to lead. */
  get forwardTo(): string {
    return this.homeAddress;
  }

  /** Stops the programs, and undoes what was asked of router and machine. */
  async stop(): Promise<void> {
    await Promise.all([this.programs.stop(), this.ports?.close()]);
    await this.loopback?.giveBack();
  }
}

/** Refuses where the programs of a server are missing, as in a package for players. @throws LanrageError SERVER_MISSING */
export function requirePrograms(folder: string): void {
  if (!existsSync(join(folder, 'control.js'))) throw new LanrageError('SERVER_MISSING');
}

/** For the database and secrets, of who runs the server. */
function makeFolder({ dataFolder, user }: OwnServerConfig, home: string): void {
  makeHome(home);
  inHome(dataFolder, () => mkdirSync(dataFolder, { recursive: true, mode: 0o700 }));
  if (!user) return;
  letEnter(home);
  inHome(dataFolder, () => lchownSync(dataFolder, user.uid, user.gid));
}

/** An address that this machine has not; IPv6 is not translated, so that each machine has its public ones. */
async function makeOwn(address: string): Promise<LoopbackAddress | undefined> {
  const isOwn = interfaceAddresses().some((one) => one.address === address);
  return isOwn || address.includes(':') || address.startsWith('127.')
    ? undefined
    : LoopbackAddress.take(address);
}

function tellLost(outcome: PortSetOutcome, { onUnreachable }: OwnServerListener): void {
  onUnreachable(outcome.kind === 'mapped' ? { kind: 'moved', address: outcome.address } : outcome);
}
