/**
 * What agents say to each other inside of the tunnel: UDP on the virtual IP. Pure.
 *
 *     offset  bytes
 *          0      4  "LAN1"
 *          4      1  type: 1 echo request, 2 echo reply, 3 goodbye, 4 sent, 5 check, 6 heard,
 *                    7 size probe, 8 size reply, 9 port question, 10 port answer, 11 goodbye to be handed on
 *          5      3  zero
 *          8      8  nonce: chosen at random by the requester, repeated in echo reply, heard, size reply and port answer
 *         16     16  goodbye only: the first half of
 *                    HMAC-SHA256(X25519(own key, receiver's key), "lanrage goodbye 1" ‖ bytes 0–15)
 *         16     16  goodbye to be handed on only: the leave ticket, and then 16 bytes: the first half of
 *                    HMAC-SHA256(X25519(own key, receiver's key), "lanrage goodbye 2" ‖ bytes 0–31)
 *         16      1  size probe only: 1 if the sender's path to the receiver has just changed, else 0
 *         17         size probe only: zeros, up to the size that is probed
 *         16      2  port question and answer only: the port, big-endian
 *         18      2  port question: zero; port answer: what is so of the port, for TCP and for UDP (ports/port-report.ts)
 *
 * "Sent" says that packets have gone to the receiver's candidates, and that its own are awaited. "Check" is sent to one
 * candidate, and answered by "heard" if it came directly (docs/protocol.md, "Direct paths").
 *
 * The tunnel vouches for a sender's address, but a packet from the local network may claim one, too, and Linux takes it
 * (RFC 1122 section 3.3.4.2, weak host model). Echo, sent, check, heard and size do no harm, nor does a question, of which
 * only the member itself gets the answer; a goodbye carries its own proof.
 */
import { createHmac } from 'node:crypto';
import { LEAVE_TICKET_BYTES } from '#shared/api/party';
import { decodePortAnswer, encodePortAnswer, type PortAnswer } from './ports/port-report';

export const TUNNEL_PORT = 10_066;
/** The smallest MTU that IPv6 allows (RFC 8200 section 5): WireGuard's packets then fit through almost every access network. */
export const TUNNEL_MTU = 1_280;

/** The types that are a header and no more. */
type PlainType = 'echo_request' | 'echo_reply' | 'sent' | 'check' | 'heard' | 'size_reply';

export interface Goodbye {
  readonly type: 'goodbye';
  readonly nonce: Buffer;
  /** The server lets the leaver go by it, from any member that hands it on; null: the receiver alone is told. */
  readonly leaveTicket: Buffer | null;
  readonly proof: Buffer;
}

export type TunnelMessage =
  | { readonly type: PlainType; readonly nonce: Buffer }
  | Goodbye
  /** `isNew`: the sender's path to the receiver has just changed. */
  | { readonly type: 'size_probe'; readonly nonce: Buffer; readonly isNew: boolean }
  | { readonly type: 'port_question'; readonly nonce: Buffer; readonly port: number }
  | {
      readonly type: 'port_answer';
      readonly nonce: Buffer;
      readonly port: number;
      readonly answer: PortAnswer;
    };

const magic = Buffer.from('LAN1');
const typeNumbers = {
  echo_request: 1,
  echo_reply: 2,
  goodbye: 3,
  sent: 4,
  check: 5,
  heard: 6,
  size_probe: 7,
  size_reply: 8,
  port_question: 9,
  port_answer: 10,
  goodbye_to_hand_on: 11,
} as const;
const headerBytes = 16;
/** Headers of IPv4 (RFC 791, without options) and UDP, before each message. */
const outerBytes = 20 + 8;
const proofBytes = 16;
const portBytes = 4;
const goodbyeLabels = { alone: 'lanrage goodbye 1', toHandOn: 'lanrage goodbye 2' } as const;

/** @param nonce 8 bytes */
export function encodePlain(type: PlainType, nonce: Buffer): Buffer {
  return encodeHeader(typeNumbers[type], nonce);
}

/**
 * @param secret X25519 of the own private and the receiver's public key
 * @param nonce 8 bytes
 * @param leaveTicket 16 bytes, for the receiver to hand on; null: none
 */
export function encodeGoodbye(secret: Buffer, nonce: Buffer, leaveTicket: Buffer | null): Buffer {
  return Buffer.concat([
    goodbyeBytes(nonce, leaveTicket),
    expectedGoodbyeProof(secret, { nonce, leaveTicket }),
  ]);
}

/** @param nonce 8 bytes @param port 1 to 65,535 */
export function encodePortQuestion(nonce: Buffer, port: number): Buffer {
  return withPort(encodeHeader(typeNumbers.port_question, nonce), port, Buffer.alloc(2));
}

/** @param nonce of the question */
export function encodePortReply(nonce: Buffer, port: number, answer: PortAnswer): Buffer {
  return withPort(encodeHeader(typeNumbers.port_answer, nonce), port, encodePortAnswer(answer));
}

function withPort(header: Buffer, port: number, rest: Buffer): Buffer {
  const number = Buffer.alloc(2);
  number.writeUInt16BE(port);
  return Buffer.concat([header, number, rest]);
}

/**
 * @param nonce 8 bytes
 * @param packetBytes of the whole IPv4 packet, 45 at least
 * @param isNew whether the path to the receiver has just changed
 */
export function encodeSizeProbe(nonce: Buffer, packetBytes: number, isNew: boolean): Buffer {
  const header = encodeHeader(typeNumbers.size_probe, nonce);
  const probe = Buffer.concat([header], packetBytes - outerBytes);
  probe[headerBytes] = isNew ? 1 : 0;
  return probe;
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
    case typeNumbers.check:
      return plain('check', nonce, rest);
    case typeNumbers.heard:
      return plain('heard', nonce, rest);
    case typeNumbers.size_reply:
      return plain('size_reply', nonce, rest);
    case typeNumbers.size_probe:
      return sizeProbe(nonce, rest);
    case typeNumbers.goodbye:
      return goodbye(nonce, null, rest);
    case typeNumbers.goodbye_to_hand_on:
      return goodbye(nonce, rest.subarray(0, LEAVE_TICKET_BYTES), rest.subarray(LEAVE_TICKET_BYTES));
    case typeNumbers.port_question:
    case typeNumbers.port_answer:
      return aboutPort(datagram[4], nonce, rest);
    default:
      return undefined;
  }
}

function aboutPort(type: number, nonce: Buffer, rest: Buffer): TunnelMessage | undefined {
  const port = rest.length === portBytes ? rest.readUInt16BE(0) : 0;
  if (port === 0) return undefined;
  if (type === typeNumbers.port_question)
    return rest.readUInt16BE(2) === 0 ? { type: 'port_question', nonce, port } : undefined;
  const answer = decodePortAnswer(rest.subarray(2));
  return answer && { type: 'port_answer', nonce, port, answer };
}

function plain(type: PlainType, nonce: Buffer, rest: Buffer): TunnelMessage | undefined {
  return rest.length === 0 ? { type, nonce } : undefined;
}

function goodbye(nonce: Buffer, leaveTicket: Buffer | null, proof: Buffer): TunnelMessage | undefined {
  return proof.length === proofBytes ? { type: 'goodbye', nonce, leaveTicket, proof } : undefined;
}

function sizeProbe(nonce: Buffer, [flag, ...padding]: Buffer): TunnelMessage | undefined {
  if (flag === undefined || flag > 1 || padding.some((byte) => byte !== 0)) return undefined;
  return { type: 'size_probe', nonce, isNew: flag === 1 };
}

/** The proof that such a goodbye must carry. */
export function expectedGoodbyeProof(
  secret: Buffer,
  { nonce, leaveTicket }: Pick<Goodbye, 'nonce' | 'leaveTicket'>,
): Buffer {
  const label = leaveTicket ? goodbyeLabels.toHandOn : goodbyeLabels.alone;
  const bytes = goodbyeBytes(nonce, leaveTicket);
  return createHmac('sha256', secret).update(label).update(bytes).digest().subarray(0, proofBytes);
}

/** All of it but the proof. */
function goodbyeBytes(nonce: Buffer, leaveTicket: Buffer | null): Buffer {
  if (!leaveTicket) return encodeHeader(typeNumbers.goodbye, nonce);
  return Buffer.concat([encodeHeader(typeNumbers.goodbye_to_hand_on, nonce), leaveTicket]);
}

function encodeHeader(type: number, nonce: Buffer): Buffer {
  return Buffer.concat([magic, Buffer.from([type, 0, 0, 0]), nonce], headerBytes);
}
