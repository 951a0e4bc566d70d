import type { Logger } from 'pino';
import type { AnnouncedRelay } from '#shared/api/relay-link';
import type { StunServer } from './stun/server';

/** Longer than the control plane goes on sending. */
const watchedForMs = 5000;
/** More than there are requests in one try. */
const maxReports = 16;

/** Shows that the announced addresses are this relay's: STUN requests that the control plane sends there come in here. */
export class AddressProof {
  readonly #stun: StunServer;
  readonly #announced: AnnouncedRelay;
  readonly #log: Logger;
  readonly #seen = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(stun: StunServer, announced: AnnouncedRelay, log: Logger) {
    this.#stun = stun;
    this.#announced = announced;
    this.#log = log;
  }

  /** @param prefix 4 bytes in hex @param report gets each transaction id once, in hex */
  begin(prefix: string, report: (transactionId: string) => void): void {
    this.stop();
    this.#stun.watch(Buffer.from(prefix, 'hex'), (id) => {
      const transactionId = id.toString('hex');
      if (this.#seen.has(transactionId) || this.#seen.size >= maxReports) return;
      this.#seen.add(transactionId);
      report(transactionId);
    });
    this.#timer = setTimeout(() => {
      if (this.#seen.size === 0) this.#warn();
      this.stop();
    }, watchedForMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stun.watch(undefined);
    this.#seen.clear();
  }

  #warn(): void {
    const { publicAddress, stunEndpoints } = this.#announced;
    const what =
      'the control plane cannot reach the announced address, so no players come here: check LANRAGE_PUBLIC_ADDRESS and the UDP ports, or give this relay a secret of its own in the LANRAGE_RELAY_SECRETS of the server';
    this.#log.warn({ publicAddress, stunEndpoints }, what);
  }
}
