import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import {
  RELAY_CHALLENGE_LIFETIME_SECONDS,
  RELAY_LINK_VERSION,
  relayHandshakeSchema,
  type AnnouncedRelay,
  type relayChallengeSchema,
  type RelayHandshake,
} from '#shared/api/relay-link';
import type { RelayTranscript } from '#shared/auth/relay-proof';
import { LanrageError } from '#shared/errors';
import { formatIpAddress, parseIpAddress } from '#shared/ip-address';
import { parseHost } from '../../auth/own-names';
import { reachedBy } from '../../auth/reached';
import type { Cluster } from '../../cluster/cluster';
import { CLUSTER } from '../../cluster/cluster.module';
import { CONFIG, type Config } from '../../config';
import type { AdmittedRelay } from '../../leader-client/contract';
import { isOfThisMachine } from '../../util/client-address';
import { invalidInput } from '../../operations/errors';
import { addressesToProve, announcedFault, type RelayConnection } from './announced-addresses';
import { isOwnDialledName } from './dialled-name';
import { RelaySecrets } from './relay-secrets';

const NONCE_BYTES = 32;

/** Lets relays in that hold the secret, and shows them that this server does; see relay-proof.ts. */
@Injectable()
export class RelaySignIn {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLUSTER) private readonly cluster: Cluster,
    private readonly secrets: RelaySecrets,
  ) {}

  async challenge(nowMs: number): Promise<z.input<typeof relayChallengeSchema>> {
    const challengeId = randomUUID();
    const nonce = randomBytes(NONCE_BYTES).toString('base64');
    const lifetimeMs = RELAY_CHALLENGE_LIFETIME_SECONDS * 1000;
    await this.cluster.oneTime.put(keyOf(challengeId), nonce, lifetimeMs);
    return { challengeId, nonce, expiresAt: new Date(nowMs + lifetimeMs).toISOString() };
  }

  /**
   * @param input what the relay sent to connect
   * @param request that its connection began with
   * @returns the relay, and what shows it that this server holds the secret, 32 bytes
   * @throws LanrageError INVALID_REQUEST, CHALLENGE_EXPIRED, RELAY_SECRET_WRONG, SERVER_NAME_UNKNOWN, RELAY_ADDRESS_REFUSED
   */
  async admit(
    input: unknown,
    request: IncomingMessage,
  ): Promise<{ readonly relay: AdmittedRelay; readonly proof: Buffer }> {
    const handshake = parse(input);
    const proof = this.secrets.answer(await this.transcriptOf(handshake), handshake.proof);
    if (!proof) throw new LanrageError('RELAY_SECRET_WRONG');
    this.assertMeant(handshake.serverName, request);
    const connection = this.connectionOf(handshake.relay, request);
    assertUsable(handshake.relay, connection);
    const { clientAddress } = connection;
    const unproven = addressesToProve(handshake.relay, connection);
    return { relay: { announced: handshake.relay, unproven, clientAddress }, proof };
  }

  private async transcriptOf(handshake: RelayHandshake): Promise<RelayTranscript> {
    const { challengeId, nonce: relayNonce, serverName, relay } = handshake;
    const nonce = await this.cluster.oneTime.take(keyOf(challengeId));
    if (nonce === null) throw new LanrageError('CHALLENGE_EXPIRED');
    return { challengeId, controlNonce: Buffer.from(nonce, 'base64'), relayNonce, serverName, relay };
  }

  /** @throws LanrageError SERVER_NAME_UNKNOWN */
  private assertMeant(serverName: string, request: IncomingMessage): void {
    const { publicUrl, publicAddress, trustedProxies } = this.config;
    const reached = { ...reachedBy(request, trustedProxies), host: serverName };
    if (isOwnDialledName(reached, { publicUrl, publicAddress, hostName: hostname() })) return;
    const dialled = parseHost(serverName)?.host ?? 'a name that is none';
    throw new LanrageError('SERVER_NAME_UNKNOWN', {
      message: `The relay dials this server as ${dialled}, which the server does not know as its own name. Set LANRAGE_CONTROL_URL of the relay to the server's usual address, or LANRAGE_PUBLIC_URL of the server to the URL that relays and players use.`,
    });
  }

  private connectionOf({ relayId }: AnnouncedRelay, request: IncomingMessage): RelayConnection {
    const { trustedProxies, publicAddress } = this.config;
    const bytes = parseIpAddress(publicAddress ?? '');
    const serverAddress = bytes ? formatIpAddress(bytes) : null;
    const { clientAddress } = reachedBy(request, trustedProxies);
    const hasOwnSecret = this.secrets.hasOwn(relayId);
    return { clientAddress, isOfThisMachine: isOfThisMachine(request), hasOwnSecret, serverAddress };
  }
}

/** Apart from the players' challenges. */
function keyOf(challengeId: string): string {
  return `relay ${challengeId}`;
}

function parse(input: unknown): RelayHandshake {
  const parsed = relayHandshakeSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  if ((input as { version?: unknown } | null)?.version === RELAY_LINK_VERSION)
    throw invalidInput(parsed.error.issues);
  throw new LanrageError('INVALID_REQUEST', {
    message: 'The relay speaks another version of the link than this server. Update LANrage on both.',
  });
}

/** @throws LanrageError RELAY_ADDRESS_REFUSED */
function assertUsable(relay: AnnouncedRelay, connection: RelayConnection): void {
  const fault = announcedFault(relay, connection);
  if (fault === null) return;
  const { publicAddress, stunEndpoints, ports } = relay;
  const what =
    fault === 'low_port'
      ? `Ports below 1024, as the relay announces (${ports.first}-${ports.last}, STUN ${stunEndpoints.join(', ')}), are refused by agents. Set LANRAGE_RELAY_PORTS and LANRAGE_STUN_PORT.`
      : `No player can reach what the relay announces (${publicAddress}, STUN ${stunEndpoints.join(', ')}): ${fault}. Set LANRAGE_PUBLIC_ADDRESS to the address that players reach.`;
  throw new LanrageError('RELAY_ADDRESS_REFUSED', { message: what });
}
