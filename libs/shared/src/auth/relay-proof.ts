/**
 * How a relay and the control plane prove to each other that they hold the same secret, which is never sent:
 *
 *   key           = HKDF-SHA256(ikm = secret, salt = control nonce ‖ relay nonce, info = "lanrage relay link 2")
 *   relay proof   = HMAC-SHA256(key, "lanrage relay 2" ‖ fields)
 *   control proof = HMAC-SHA256(key, "lanrage control 2" ‖ fields)
 *
 * with fields = challenge id, control nonce, relay nonce, server name, and what the relay announces: id, region, public
 * address, ports, STUN endpoints, capacity, draining; each preceded by its length in bytes as 32-bit big-endian. So nobody
 * on the way changes what is announced, and a proof for one server or one connection is good for no other.
 */
import { hkdfSync } from 'node:crypto';
import type { AnnouncedRelay } from '../api/relay-link';
import { macOf } from './mac';

const KEY_LABEL = 'lanrage relay link 2';
const RELAY_LABEL = 'lanrage relay 2';
const CONTROL_LABEL = 'lanrage control 2';

export interface RelayTranscript {
  readonly challengeId: string;
  /** 32 bytes, from the challenge */
  readonly controlNonce: Buffer;
  /** 32 bytes */
  readonly relayNonce: Buffer;
  /** `host[:port]` that the relay dialled */
  readonly serverName: string;
  readonly relay: AnnouncedRelay;
}

/** What each side shows the other, 32 bytes each. */
export interface RelayProofs {
  readonly relay: Buffer;
  readonly control: Buffer;
}

export function relayProofs(secret: string, transcript: RelayTranscript): RelayProofs {
  const salt = Buffer.concat([transcript.controlNonce, transcript.relayNonce]);
  const key = Buffer.from(hkdfSync('sha256', secret, salt, KEY_LABEL, 32));
  const fields = fieldsOf(transcript);
  return { relay: macOf(key, RELAY_LABEL, fields), control: macOf(key, CONTROL_LABEL, fields) };
}

function fieldsOf({ challengeId, controlNonce, relayNonce, serverName, relay }: RelayTranscript): Buffer[] {
  const { relayId, region, publicAddress, ports, stunEndpoints, capacityPairs, draining } = relay;
  const announced = [
    ...[relayId, region, publicAddress, `${ports.first}-${ports.last}`],
    ...[stunEndpoints.join(','), String(capacityPairs), draining ? 'draining' : ''],
  ];
  const texts = [serverName.toLowerCase(), ...announced].map((text) => Buffer.from(text));
  return [Buffer.from(challengeId), controlNonce, relayNonce, ...texts];
}
