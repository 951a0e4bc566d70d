/** The programs of a server, control plane and relay, as processes of one that starts them and brings them back. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What the two say when they are ready. */
export interface RunningServer {
  readonly control: { readonly url: string };
  readonly relay: {
    readonly publicAddress: string;
    /** `first-last`, UDP. */
    readonly ports: string;
    readonly stunEndpoints: readonly string[];
  };
}

export interface ServerProgramsOptions {
  /** Has `control.js` and `relay.js`. */
  readonly folder: string;
  /** The settings of both. */
  readonly env: NodeJS.ProcessEnv;
  /** Gets each line that the two print on stdout. */
  readonly onLine: (line: string) => void;
  /** Gets a sentence when one of the two died and is started again. */
  readonly onFault: (sentence: string) => void;
  /** Who runs them; the user of this process when absent. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Whether Ctrl-C on the terminal is for this process alone, which then decides when they stop. */
  readonly isApart?: boolean;
}

interface Service {
  readonly name: 'control' | 'relay';
  readonly flags: readonly string[];
  child?: ChildProcess | undefined;
  ready?: object;
}

interface Message {
  readonly ready?: boolean;
  readonly connected?: boolean;
}

const STOP_PATIENCE_MS = 10_000;
const LONGEST_BACKOFF_MS = 10_000;
const FIRST_BACKOFF_MS = 500;

/** Runs the programs until it is told to stop: players must not notice when one of them dies. */
export class ServerPrograms {
  private readonly control: Service = { name: 'control', flags: [] };
  /** Flags as in package.json and the image: a relay with many pairs takes less memory, and no more time. */
  private readonly relay: Service = {
    name: 'relay',
    flags: ['--max-semi-space-size=2', '--optimize-for-size'],
  };
  private readonly services = [this.control, this.relay];
  private isStopping = false;
  private isRelayConnected = false;
  private settleStart: (outcome: RunningServer | Error | null) => void = () => undefined;
  private settleStop: () => void = () => undefined;

  constructor(private readonly options: ServerProgramsOptions) {}

  /** Whether control plane and relay have found each other. */
  get isConnected(): boolean {
    return this.isRelayConnected;
  }

  /**
   * Starts both.
   * @returns null when it was told to stop meanwhile
   * @throws Error when one of the two cannot start, which has said why on stderr
   */
  async start(): Promise<RunningServer | null> {
    const settled = new Promise<RunningServer | Error | null>((resolve) => (this.settleStart = resolve));
    this.run(this.control);
    const outcome = await settled;
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  /** Resolves when both are gone. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.settleStart(null);
    const gone = new Promise<void>((resolve) => (this.settleStop = resolve));
    // Not SIGTERM, on which a relay would wait for the control plane to move its players away.
    this.services.forEach(({ child }) => child?.kill('SIGINT'));
    const patience = setTimeout(
      () => this.services.forEach(({ child }) => child?.kill('SIGKILL')),
      STOP_PATIENCE_MS,
    );
    this.settleWhenGone();
    await gone;
    clearTimeout(patience);
  }

  private run(service: Service, failuresBefore = 0): void {
    let failures = failuresBefore;
    const { folder, env, user, isApart = false, onLine } = this.options;
    const child = spawn(
      process.execPath,
      [...service.flags, '--enable-source-maps', join(folder, `${service.name}.js`)],
      { env, ...user, detached: isApart, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
    );
    service.child = child;
    if (child.stdout) createInterface({ input: child.stdout }).on('line', onLine);
    child.on('message', (message: Message) => {
      if (message.connected) this.isRelayConnected = true;
      if (!message.ready || this.isStopping) return;
      failures = 0;
      if (!service.ready) this.onReady(service, message);
    });
    child.on('exit', (code, signal) => {
      service.child = undefined;
      if (this.isStopping) return this.settleWhenGone();
      this.onDied(service, code ?? signal ?? '?', failures);
    });
  }

  private onReady(service: Service, message: object): void {
    service.ready = message;
    // The relay second, so that it finds somebody to dial.
    if (service === this.control) this.run(this.relay);
    else this.settleStart({ control: this.control.ready, relay: message } as RunningServer);
  }

  private onDied(service: Service, why: string | number, failures: number): void {
    const { name, ready } = service;
    if (!ready)
      return this.settleStart(new Error(`${name} could not start (${why}). The lines above say why.`));
    const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
    this.options.onFault(`${name} ended (${why}); starting it again in ${backoffMs / 1000} s`);
    setTimeout(() => this.isStopping || this.run(service, failures + 1), backoffMs);
  }

  private settleWhenGone(): void {
    if (this.services.every(({ child }) => child === undefined)) this.settleStop();
  }
}
