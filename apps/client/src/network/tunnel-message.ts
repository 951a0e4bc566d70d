/**
 * What agents say to each other inside of the tunnel: UDP on the virtual IP. Pure.
 *
 *     offset  bytes
 *          0      4  "LAN1"
 *          4      1  type: 1 echo request, 2 echo reply, 3 goodbye, 4 sent
 *          5      3  zero
 *          8      8  nonce: chosen at random by the requester, repeated in the reply
 *         16     16  goodbye only: the first half of
 *                    HMAC-SHA256(X25519(own key, receiver's key), "lanrage goodbye 1" ‖ bytes 0–15)
 *
 * "Sent" says that packets have gone to the receiver's candidates, and that its own are awaited (docs/protocol.md, "Direct
 * paths").
 *
 * The tunnel vouches for a sender's address, but a packet from the local network may claim one, too, and Linux takes it
 * (RFC 1122 section 3.3.4.2, weak host model). Echo and sent do no harm; a goodbye carries its own proof.
 */
import { createHmac } from 'node:crypto';

export const TUNNEL_PORT = 10_066;

/** The types that are a header and no more. */
type PlainType = 'echo_request' | 'echo_reply' | 'sent';

export type TunnelMessage =
  | { readonly type: PlainType; readonly nonce: Buffer }
  | { readonly type: 'goodbye'; readonly nonce: Buffer; readonly proof: Buffer };

const magic = Buffer.from('LAN1');
const typeNumbers = { echo_request: 1, echo_reply: 2, goodbye: 3, sent: 4 } as const;
const headerBytes = 16;
const proofBytes = 16;
const goodbyeLabel = 'lanrage goodbye 1';

/** @param nonce 8 bytes */
export function encodePlain(type: PlainType, nonce: Buffer): Buffer {
  return encodeHeader(typeNumbers[type], nonce);
}

/** @param secret X25519 of the own private and the receiver's public key @param nonce 8 bytes */
export function encodeGoodbye(secret: Buffer, nonce: Buffer): Buffer {
  const header = encodeHeader(typeNumbers.goodbye, nonce);
  return Buffer.concat([header, goodbyeProof(secret, header)]);
}

/** @returns undefined for anything that is not exactly a message; a goodbye's proof is not checked here */
export function decodeTunnelMessage(datagram: Buffer): TunnelMessage | undefined {
  if (datagram.length < headerBytes || !datagram.subarray(0, 4).equals(magic)) return undefined;
  if (datagram.readUIntBE(5, 3) !== 0) return undefined;
  const nonce = datagram.subarray(8, headerBytes);
  const rest = datagram.subarray(headerBytes);
  switch (datagram[4]) {
    case typeNumbers.echo_request:
      return plain('echo_request', nonce, rest);
    case typeNumbers.echo_reply:
      return plain('echo_reply', nonce, rest);
    case typeNumbers.sent:
      return plain('sent', nonce, rest);
    case typeNumbers.goodbye:
      return rest.length === proofBytes ? { type: 'goodbye', nonce, proof: rest } : undefined;
    default:
      return undefined;
  }
}

function plain(type: PlainType, nonce: Buffer, rest: Buffer): TunnelMessage | undefined {
  return rest.length === 0 ? { type, nonce } : undefined;
}

/** The proof that a goodbye with this nonce must carry. */
export function expectedGoodbyeProof(secret: Buffer, nonce: Buffer): Buffer {
  return goodbyeProof(secret, encodeHeader(typeNumbers.goodbye, nonce));
}

function encodeHeader(type: number, nonce: Buffer): Buffer {
  return Buffer.concat([magic, Buffer.from([type, 0, 0, 0]), nonce], headerBytes);
}

function goodbyeProof(secret: Buffer, header: Buffer): Buffer {
  return createHmac('sha256', secret).update(goodbyeLabel).update(header).digest().subarray(0, proofBytes);
}
