import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from 'socket.io';
import { CONTROL_PROOF_EVENT, RELAY_CHALLENGE_PATH, RELAY_NAMESPACE } from '#shared/api/relay-link';
import { until } from '../../e2e/support/processes';
import { RealRelay } from '../../e2e/support/real-relay';
import { requestChallenge } from '../../e2e/support/relay-sign-in';
import { testKey } from '../../wireguard-messages';
import type { Attack } from '../attack';
import { knock } from './knock';
import { startAttackedControl } from '../attacked-control';

type Proof = (handshake: { proof: string }) => string | null | Promise<string | null>;

const players = [testKey(1), testKey(2)];
const commands = {
  'pairs.open': { pairs: [{ pairId: 'false', players, preferredPort: null }] },
  'pairs.close': { pairIds: ['true'] },
  'pairs.list': {},
  'relays.known': { addresses: ['192.0.2.1 1024-65535'] },
  'address.prove': { prefix: '00000000' },
};
const OBEYED_WITHIN_MS = 1500;

/** Somebody answers at the address that a relay dials, who does not hold its secret, but may know an honest control plane. */
export const falseControlPlane: Attack = {
  name: 'relay commanded by a false control plane',
  attacker: 'server',
  async play() {
    const honest = await startAttackedControl();
    const proofs: Proof[] = [
      () => null,
      () => randomBytes(32).toString('base64'),
      ({ proof }) => proof,
      (handshake) => proofOf(honest.url, handshake),
    ];
    let through = 0;
    try {
      for (const proof of proofs) through += await obeyedOf(new FalseControl(honest.url, proof));
    } finally {
      await honest.stop();
    }
    return { tried: proofs.length * (Object.keys(commands).length + 1), through };
  },
};

/** What an honest control plane shows to anyone who comes with a relay's handshake. */
function proofOf(url: string, handshake: object): Promise<string | null> {
  return knock(url, handshake, (socket, answer) => {
    socket.on(CONTROL_PROOF_EVENT, ({ proof }: { proof: string }) => answer(proof));
    socket.on('connect_error', () => answer(null));
  });
}

/** @returns how many commands a relay obeyed, and 1 if it said what it has open */
async function obeyedOf(control: FalseControl): Promise<number> {
  const relay = RealRelay.unlinked(await control.start(), 'obedient');
  try {
    await (await relay).relay.open({ pairId: 'true', players: players as never }, null);
    void (await relay).link().catch(() => undefined);
    await until('the relay dials', () => control.dialled);
    await sleep(OBEYED_WITHIN_MS);
    const pairs = (await relay).openPairs.join();
    return control.heard + (pairs === 'true' ? 0 : 1);
  } finally {
    await (await relay).die();
    await control.stop();
  }
}

class FalseControl {
  dialled = false;
  /** Answers to commands, and announcements. */
  heard = 0;
  private http: HttpServer | null = null;
  private server: Server | null = null;

  constructor(
    private readonly honestUrl: string,
    private readonly proof: Proof,
  ) {}

  async start(): Promise<string> {
    this.http = createServer((request, response) => {
      if (request.url !== RELAY_CHALLENGE_PATH) return;
      // The honest one's, so that the answer may be of use there.
      void requestChallenge(this.honestUrl).then(({ nonce, ...rest }) =>
        response.end(JSON.stringify({ ...rest, nonce: nonce.toString('base64') })),
      );
    }).listen(0, '127.0.0.1');
    await once(this.http, 'listening');
    this.server = new Server(this.http);
    this.server.of(RELAY_NAMESPACE).on('connection', async (relay) => {
      this.dialled = true;
      relay.onAny(() => this.heard++);
      const proof = await this.proof(relay.handshake.auth as { proof: string });
      if (proof !== null) relay.emit(CONTROL_PROOF_EVENT, { proof });
      for (const [name, command] of Object.entries(commands)) relay.emit(name, command, () => this.heard++);
    });
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await this.server?.close();
  }
}
