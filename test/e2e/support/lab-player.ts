import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PartySettings } from '#shared/api/party';
import type { Finding } from '../../../apps/client/src/doctor/finding';
import type { DiscoveryInfo } from '../../../apps/client/src/discovery/lan-discovery';
import type { ExecResult } from '../../lab/namespace';
import type { Host } from '../../lab/host';
import { collectOutput, end, root, until } from './processes';

export interface PeerStatus {
  id: string;
  name: string;
  publicKey: string;
  virtualIp: string;
  connectionType: string;
  natType: string;
  endpoint: string | null;
  pathEndpoint: string | null;
  latencyMs: number | null;
  packetLimit: number | null;
  reason: { code: string; message: string; advice: string | null } | null;
  isSelf: boolean;
  isHost: boolean;
  online: boolean;
  doubted: boolean;
}

export interface PartyStatus {
  status: 'no_party' | 'in_party';
  party: {
    id: string;
    name: string;
    hostId: string;
    maxPeers: number;
    network: string;
    settings: PartySettings;
    peers: PeerStatus[];
  };
  peerCount: number;
  natInfo: { natType: string; publicEndpoint: string | null };
  controlConnected: boolean;
  guard: { state: 'on' | 'off'; exposure: string } | null;
  discovery: DiscoveryInfo | null;
}

/** The other players, as one of them sees the party. */
export function othersIn({ party }: PartyStatus): PeerStatus[] {
  return party.peers.filter(({ isSelf }) => !isSelf);
}

/** A busy machine may have to start a server first. */
const ENTRY_LIMIT_MS = 120_000;

/** A player on a lab host, who types `lanrage` commands. */
export class LabPlayer {
  /** Settings besides those that all players have. */
  readonly extraSettings: NodeJS.ProcessEnv = {};
  /** Stands before each command: what runs another one, such as nsenter(1). */
  wrapper: readonly string[] = [];
  private foreground: ChildProcess | undefined;
  private output = { stdout: '', stderr: '' };

  private constructor(
    readonly name: string,
    readonly host: Host,
    readonly home: string,
    private readonly serverUrl: string,
  ) {}

  static async at(host: Host, serverUrl: string): Promise<LabPlayer> {
    const name = host.name[0]?.toUpperCase() + host.name.slice(1);
    return new LabPlayer(name, host, await mkdtemp(join(tmpdir(), `lanrage-${host.name}-`)), serverUrl);
  }

  /** Runs a command to its end. */
  run(...args: string[]): Promise<ExecResult> {
    return this.host.exec(this.argv(args), { env: this.settings, timeoutMs: 30_000 });
  }

  /** Starts a command that stays in the foreground: `agent`, or `create` and `join` without one. */
  start(...args: string[]): void {
    this.foreground = this.host.spawn(this.argv(args), {
      env: this.settings,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.output = collectOutput(this.foreground);
  }

  async startAgent(): Promise<void> {
    this.start('agent');
    await until(`${this.name}'s agent answers`, async () => (await this.run('status', '--json')).code === 0);
  }

  /** `lanrage create`, in the foreground until {@link stop}. */
  create(partyName: string, ...options: string[]): Promise<PartyStatus> {
    return this.enters('create', partyName, ...options);
  }

  /** `lanrage join`, in the foreground until {@link stop}. */
  join(where: string): Promise<PartyStatus> {
    return this.enters('join', where);
  }

  /** A command that enters a party, in the foreground until {@link stop}. @returns what it prints */
  enters(...args: string[]): Promise<PartyStatus> {
    this.start(...args, '--as', this.name, '--json');
    return this.firstLine();
  }

  async status(): Promise<PartyStatus> {
    const { stdout, stderr } = await this.run('status', '--json');
    if (!stdout) throw new Error(`${this.name} has no status: ${stderr}\n${this.output.stderr}`);
    return JSON.parse(stdout) as PartyStatus;
  }

  /** What `lanrage doctor` finds. */
  async findings(...args: string[]): Promise<Finding[]> {
    const { stdout } = await this.run('doctor', '--json', ...args);
    return (JSON.parse(stdout) as { findings: Finding[] }).findings;
  }

  /** The player's own address in the party. */
  async virtualIp(): Promise<string> {
    const { party } = await this.status();
    const self = party.peers.find(({ isSelf }) => isSelf);
    if (!self) throw new Error(`${this.name} is not in the party`);
    return self.virtualIp;
  }

  /** Number of answers to `count` pings, sent at the given interval. */
  async ping(virtualIp: string, { count = 3, intervalSeconds = 0.2, waitSeconds = 1 } = {}): Promise<number> {
    const { stdout } = await this.host.exec([
      'ping',
      '-n',
      '-c',
      String(count),
      '-i',
      String(intervalSeconds),
      '-W',
      String(waitSeconds),
      virtualIp,
    ]);
    return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
  }

  /**
   * Waits until each other player is reached, and the first search for a direct path is over: what costs a datagram now
   * and then comes after half a minute again.
   */
  async settles(): Promise<void> {
    const searching = ['connecting', 'preparing', 'trying'];
    await until(
      `${this.name} has searched`,
      async () => {
        const others = othersIn(await this.status());
        return others.length > 0 && others.every(({ reason }) => !searching.includes(reason?.code ?? ''));
      },
      { timeoutMs: 20_000 },
    );
  }

  /** Waits until one ping is answered. */
  async reaches(virtualIp: string, timeoutMs = 15_000): Promise<void> {
    const answered = async () => (await this.ping(virtualIp, { count: 1 })) === 1;
    await until(`${this.name} pings ${virtualIp}`, answered, { timeoutMs });
  }

  /** Ends what runs in the foreground. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    await end(this.foreground, signal);
    this.foreground = undefined;
  }

  /** The id of the process that runs in the foreground. */
  get pid(): number {
    const pid = this.foreground?.pid;
    if (pid === undefined) throw new Error(`nothing of ${this.name} runs in the foreground`);
    return pid;
  }

  /** Stops the agent from reacting, while WireGuard goes on. */
  freeze(): void {
    this.foreground?.kill('SIGSTOP');
  }

  thaw(): void {
    this.foreground?.kill('SIGCONT');
  }

  /** The exit code of what runs in the foreground, once it ends by itself. */
  async ended(): Promise<number> {
    return until(`${this.name}'s agent ends`, () => this.foreground?.exitCode ?? undefined);
  }

  get logs(): string {
    return this.output.stdout + this.output.stderr;
  }

  async removeHome(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  /** Network devices of the host besides its own, i.e. what LANrage left there. */
  async foreignDevices(): Promise<string[]> {
    const { stdout } = await this.host.exec(['ip', '-json', 'link']);
    const names = (JSON.parse(stdout) as { ifname: string }[]).map(({ ifname }) => ifname);
    return names.filter((name) => name !== 'lo' && name !== 'eth0');
  }

  private async firstLine(): Promise<PartyStatus> {
    const hasEntered = () => {
      if (typeof this.foreground?.exitCode === 'number')
        throw new Error(`${this.name} was refused: ${this.logs}`);
      return this.output.stdout.includes('\n') && this.output.stdout.split('\n')[0];
    };
    const line = await until(`${this.name} is in the party`, hasEntered, { timeoutMs: ENTRY_LIMIT_MS });
    return JSON.parse(line) as PartyStatus;
  }

  private argv(args: readonly string[]): string[] {
    return [...this.wrapper, process.execPath, join(root, 'bin/lanrage.mjs'), ...args];
  }

  private get settings(): NodeJS.ProcessEnv {
    return {
      LANRAGE_SERVER: this.serverUrl,
      LANRAGE_HOME: this.home,
      LANRAGE_INTERFACE: this.host.interfaceName,
      LANRAGE_LOG_LEVEL: 'debug',
      ...this.extraSettings,
    };
  }
}
