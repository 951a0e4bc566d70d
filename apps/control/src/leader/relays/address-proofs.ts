import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { backoffMs, type Backoff } from '#shared/backoff';
import { splitEndpoint } from '#shared/endpoint';
import { TokenBucket } from '#shared/token-bucket';
import { BudgetOfEach } from '../../util/budget-of-each';
import type { Relay } from './registry';
import type { RelayLink } from './relay-link';
import type { RelayProbes } from './relay-probes';

/** When the requests of a try are sent, after its beginning: one may be lost. */
const SENT_AT_MS = [0, 300, 900];
const ANSWER_MS = 3000;
const retries: Backoff = { firstMs: 3000, longestMs: 30_000 };
/** Budgets of tries, each of three datagrams of 20 bytes: a relay may announce an address only to have it bothered. */
const OF_ALL = { perSecond: 20, burst: 300 };
const OF_EACH_ADDRESS = { perSecond: 0.2, burst: 6 };
const TRANSACTION_ID_BYTES = 12;
/** What the relay is told of the transaction ids; the rest it learns only where they arrive. */
const PREFIX_BYTES = 4;

interface Tries {
  failed: number;
  dueAtMs: number;
  /** The addresses that are asked, by transaction id in hex. */
  wanted: ReadonlyMap<string, string>;
}

/**
 * Finds out whether the addresses that relays announce are their own: sends STUN requests there, whose unpredictable
 * transaction ids the relay has to report over its link.
 */
export class AddressProofs {
  private readonly logger = new Logger('relays');
  private readonly tries = new WeakMap<RelayLink, Tries>();
  private readonly budget = new TokenBucket(OF_ALL, 0);
  private readonly budgets = new BudgetOfEach<string>(OF_EACH_ADDRESS);

  constructor(private readonly probes: RelayProbes) {}

  /** To be called regularly; asks if it is time to. */
  examine(relay: Relay, nowMs: number): void {
    const { link } = relay;
    if (!link || relay.unproven.size === 0) return;
    const tries = this.tries.get(link) ?? { failed: 0, dueAtMs: nowMs, wanted: new Map<string, string>() };
    this.tries.set(link, tries);
    if (nowMs < tries.dueAtMs || !this.isAffordable(relay, nowMs)) return;
    if (tries.failed === 1) this.warn(relay);
    tries.dueAtMs = nowMs + backoffMs(retries, tries.failed++);
    this.ask(relay, link, tries).catch((error: unknown) => {
      this.logger.debug({ relayId: relay.id, err: error }, 'relay did not take a question for its address');
    });
  }

  /** A request has arrived at the relay. @returns whether all its addresses are proven, which they were not before */
  seen(relay: Relay, transactionId: string): boolean {
    const address = relay.link && this.tries.get(relay.link)?.wanted.get(transactionId);
    return (
      address !== null && address !== undefined && relay.unproven.delete(address) && relay.unproven.size === 0
    );
  }

  private isAffordable({ unproven }: Relay, nowMs: number): boolean {
    return [...unproven].every((address) => this.budgets.take(address, nowMs)) && this.budget.take(1, nowMs);
  }

  private async ask(relay: Relay, link: RelayLink, tries: Tries): Promise<void> {
    const prefix = randomBytes(PREFIX_BYTES);
    const newId = () => Buffer.concat([prefix, randomBytes(TRANSACTION_ID_BYTES - PREFIX_BYTES)]);
    const asked = [...relay.unproven].flatMap((address) => {
      const endpoint = relay.stunEndpoints.find((each) => splitEndpoint(each).address === address);
      return endpoint ? [{ address, endpoint, transactionId: newId() }] : [];
    });
    tries.wanted = new Map(
      asked.map(({ address, transactionId }) => [transactionId.toString('hex'), address]),
    );
    await link.command('address.prove', { prefix: prefix.toString('hex') }, ANSWER_MS);
    for (const [turn, atMs] of SENT_AT_MS.entries()) {
      await sleep(atMs - (SENT_AT_MS[turn - 1] ?? 0), undefined, { ref: false });
      if (relay.link !== link) return;
      for (const { address, endpoint, transactionId } of asked)
        if (relay.unproven.has(address)) this.probes.send(endpoint, transactionId);
    }
  }

  private warn({ id: relayId, unproven, stunEndpoints }: Relay): void {
    const what =
      'relay carries nobody: it has not proven that its addresses are its own, as packets to its STUN ports do not arrive. Check its LANRAGE_PUBLIC_ADDRESS and UDP ports, or give it a secret of its own in LANRAGE_RELAY_SECRETS';
    this.logger.warn({ relayId, addresses: [...unproven], stunEndpoints }, what);
  }
}
