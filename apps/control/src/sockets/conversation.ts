/**
 * What one connection of engine.io may send, judged below socket.io, before a packet is parsed or a socket made. Pure.
 *
 * A stranger may send one thing: a CONNECT to a namespace that checks who it is. After the sign-in the connection belongs
 * to that namespace, and has a rate of packets and of bytes. Everything else closes it.
 */
import { TokenBucket, type Rate } from '#shared/token-bucket';

/** What those who are signed in to a namespace may send. */
export interface NamespaceRules {
  /** Begins with a slash. */
  readonly name: string;
  /** Whether the server asks them for acknowledgements. */
  readonly acknowledges: boolean;
  /** Packets of all kinds, and WebSocket's pings. */
  readonly packets: Rate;
  /** Bytes on the wire. */
  readonly bytes: Rate;
  /** Bytes that may wait to be read by them. */
  readonly unreadBytes: number;
  /** Whether their packets count towards what their address may send. */
  readonly sharesAddress: boolean;
}

/** Why a connection is closed. */
export type Violation =
  | 'wrong namespace'
  | 'unexpected packet'
  | 'binary'
  | 'too large before sign-in'
  | 'too many packets'
  | 'too many bytes';

/** A packet of engine.io 4. */
export interface EnginePacket {
  readonly type: string;
  readonly data?: unknown;
}

/** Enough for a token of 2 kB with its frame, and for what a relay says of itself. */
export const BYTES_BEFORE_SIGN_IN = 6 * 1024;

/** Packets of socket.io 5, as they begin. */
const packet = { connect: '0', disconnect: '1', event: '2', acknowledgement: '3' } as const;
/** Those with attachments. */
const binaryPackets = new Set(['5', '6']);

export class Conversation {
  private bytesBeforeSignIn = 0;
  private stage: 'silent' | 'asking' | 'signed in' | 'leaving' = 'silent';
  private rules: NamespaceRules | null = null;
  private packets: TokenBucket | null = null;
  private bytes: TokenBucket | null = null;

  /** @param namespaces those that check who asks for them */
  constructor(private readonly namespaces: ReadonlyMap<string, NamespaceRules>) {}

  /** Null before the sign-in. */
  get signedInTo(): NamespaceRules | null {
    return this.rules;
  }

  signedIn(rules: NamespaceRules, nowMs: number): void {
    this.stage = 'signed in';
    this.rules = rules;
    this.packets = new TokenBucket(rules.packets, nowMs);
    this.bytes = new TokenBucket(rules.bytes, nowMs);
  }

  /** So many bytes came, whatever is in them. */
  received(count: number, nowMs: number): Violation | null {
    if (this.bytes) return this.bytes.take(count, nowMs) ? null : 'too many bytes';
    this.bytesBeforeSignIn += count;
    return this.bytesBeforeSignIn <= BYTES_BEFORE_SIGN_IN ? null : 'too large before sign-in';
  }

  /** A ping or pong of WebSocket came, which nobody asked for. */
  receivedControlFrame(nowMs: number): Violation | null {
    return this.packets?.take(1, nowMs) === false ? 'too many packets' : null;
  }

  /** A packet came; its bytes have been counted. */
  receivedPacket({ type, data }: EnginePacket, nowMs: number): Violation | null {
    if (this.packets?.take(1, nowMs) === false) return 'too many packets';
    if (type === 'pong') return null;
    if (type !== 'message') return 'unexpected packet';
    if (typeof data !== 'string' || binaryPackets.has(data.charAt(0))) return 'binary';
    return this.rules ? this.receivedMember(data, this.rules) : this.receivedStranger(data);
  }

  private receivedStranger(text: string): Violation | null {
    if (this.stage !== 'silent' || text.charAt(0) !== packet.connect) return 'unexpected packet';
    if (!this.namespaces.has(namespaceOf(text))) return 'wrong namespace';
    this.stage = 'asking';
    return null;
  }

  private receivedMember(text: string, rules: NamespaceRules): Violation | null {
    if (this.stage === 'leaving') return 'unexpected packet';
    if (namespaceOf(text) !== rules.name) return 'wrong namespace';
    switch (text.charAt(0)) {
      case packet.event:
        return null;
      case packet.acknowledgement:
        return rules.acknowledges ? null : 'unexpected packet';
      case packet.disconnect:
        this.stage = 'leaving';
        return null;
      default:
        return 'unexpected packet';
    }
  }
}

/** The namespace of a packet without attachments: up to the first comma, or `/`. */
function namespaceOf(text: string): string {
  if (text.charAt(1) !== '/') return '/';
  const end = text.indexOf(',');
  return end < 0 ? text.slice(1) : text.slice(1, end);
}
