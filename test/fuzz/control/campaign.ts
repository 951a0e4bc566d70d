/** Sends messages to a control plane until one breaks a promise of docs/protocol.md, then looks for the shortest that do. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { agentEvents, sendAgentEvent, type AgentEvent } from './agent-events';
import {
  relayMessages,
  sendRelayHandshake,
  sendRelayReport,
  type RelayHandshake,
  type RelayReport,
} from './relay-messages';
import { requests, sendRequest, type RestRequest } from './requests';
import { World } from './world';

export interface CampaignOptions {
  /** Messages. */
  readonly runs: number;
  readonly seed: number;
  /** Stops after this time, whatever was sent until then. */
  readonly seconds?: number;
  /** Stops at once when it is aborted. */
  readonly signal?: AbortSignal;
}

export interface CampaignReport {
  /** How often each answer came: an error's code, an HTTP status. */
  readonly answers: ReadonlyMap<string, number>;
  /** Bytes of the heap after a collection, at the end more than after the first players. */
  readonly heapGrowth: number;
  readonly failure: { readonly messages: readonly Message[]; readonly reason: string } | null;
}

export type Message = RestRequest | AgentEvent | RelayReport | RelayHandshake;

/** Sent at once, so that they meet in the server. */
const BATCH = 20;
/** Batches that the same players live through. */
const BATCHES_PER_POPULATION = 20;
const MOST_HEAP_GROWTH = 64 * 2 ** 20;

const messages = fc.oneof(
  { weight: 6, arbitrary: requests },
  { weight: 2, arbitrary: agentEvents },
  { weight: 1, arbitrary: relayMessages },
);
const batches = fc.array(messages, { minLength: 1, maxLength: 2 * BATCH, size: 'max' });

/** @param tell hears how many messages were sent, ten times in a whole run */
export async function fuzzControl(
  { runs, seed, seconds, signal }: CampaignOptions,
  tell: (sent: number) => void = () => undefined,
): Promise<CampaignReport> {
  const world = await World.start();
  const unhandled = watchUnhandled();
  try {
    const sending = new Sending(world, runs, tell);
    const limit = seconds === undefined ? {} : { interruptAfterTimeLimit: seconds * 1000 };
    const property = fc.asyncProperty(batches, async (batch) => {
      await sending.send(batch);
      unhandled.assertNone();
    });
    const numRuns = Math.ceil(runs / BATCH);
    const checked = fc.check(property, { seed, numRuns, ...limit });
    const result = await Promise.race([checked, ...(signal ? [aborted(signal)] : [])]);
    const failure =
      result?.failed && result.counterexample
        ? { messages: result.counterexample[0], reason: textOf(result.errorInstance) }
        : null;
    return { answers: sending.answers, ...(await sending.end(failure)) };
  } finally {
    unhandled.stop();
    await world.close();
  }
}

class Sending {
  readonly answers = new Map<string, number>();
  private batches = 0;
  private sent = 0;
  private heapAtFirst: number | null = null;

  constructor(
    private readonly world: World,
    private readonly runs: number,
    private readonly tell: (sent: number) => void,
  ) {}

  /** @throws Error that says which promise the server broke */
  async send(messages: readonly Message[]): Promise<void> {
    if (this.batches++ % BATCHES_PER_POPULATION === 0) await this.world.repopulate();
    const answers = await Promise.allSettled(messages.map((message) => sendMessage(this.world, message)));
    for (const answer of answers) {
      if (answer.status === 'rejected') throw answer.reason;
      this.answers.set(answer.value, (this.answers.get(answer.value) ?? 0) + 1);
    }
    const tenths = Math.floor((10 * this.sent) / this.runs);
    this.sent += messages.length;
    if (Math.floor((10 * this.sent) / this.runs) > tenths) this.tell(this.sent);
    const isWarm = this.batches >= BATCHES_PER_POPULATION || this.sent >= this.runs / 10;
    if (isWarm) this.heapAtFirst ??= heapAfterCollection();
  }

  /** After all of it the server is well, and has let go of what it was told. */
  async end(failure: CampaignReport['failure']): Promise<Pick<CampaignReport, 'failure' | 'heapGrowth'>> {
    const { status } = await fetch(`${this.world.url}/health`);
    const heapGrowth = heapAfterCollection() - (this.heapAtFirst ?? Infinity);
    const reason =
      status !== 200
        ? `/health answers ${status} at the end`
        : heapGrowth > MOST_HEAP_GROWTH
          ? `the heap grew by ${heapGrowth} bytes`
          : null;
    return { heapGrowth, failure: failure ?? (reason === null ? null : { messages: [], reason }) };
  }
}

function sendMessage(world: World, message: Message): Promise<string> {
  switch (message.do) {
    case 'request':
      return sendRequest(world, message);
    case 'agent event':
      return sendAgentEvent(world, message);
    case 'relay report':
      return sendRelayReport(world, message);
    case 'relay handshake':
      return sendRelayHandshake(world, message);
  }
}

/** What would end the server's own process. */
function watchUnhandled() {
  const causes: unknown[] = [];
  const note = (cause: unknown) => void causes.push(cause);
  process.on('unhandledRejection', note).on('uncaughtException', note);
  return {
    assertNone: () => {
      if (causes.length > 0) throw new Error(`nobody handled: ${textOf(causes.splice(0)[0])}`);
    },
    stop: () => process.off('unhandledRejection', note).off('uncaughtException', note),
  };
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null));
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
