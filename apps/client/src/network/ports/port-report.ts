/** What an agent says of one port of its machine, and how that is written in the tunnel. Pure. */

/** What listens on the port, seen from the tunnel. */
export const listeners = ['unknown', 'none', 'here', 'loopback', 'elsewhere'] as const;
/** `here`: on the address in the party, or on all. `loopback`, `elsewhere`: on the machine's own, or other addresses alone. */
export type Listener = (typeof listeners)[number];

/** Whether the machine lets in what the party sends to the port. `exposure`: its player closes it to the party (LANRAGE_EXPOSE). */
export const entries = ['unknown', 'open', 'firewall', 'exposure'] as const;
export type Entry = (typeof entries)[number];

export interface PortState {
  readonly listener: Listener;
  readonly entry: Entry;
}

export interface PortReport {
  readonly tcp: PortState;
  readonly udp: PortState;
}

/** `busy`: the agent was asked more than it answers. */
export type PortAnswer = PortReport | 'busy';

const BUSY = 0xff;
const STATE_BITS = 4;
const STATE_MASK = 0x0f;

/** Two bytes, for TCP and UDP: how it is let in above, what listens below; both 0xff when busy. */
export function encodePortAnswer(answer: PortAnswer): Buffer {
  if (answer === 'busy') return Buffer.from([BUSY, BUSY]);
  return Buffer.from([encodeState(answer.tcp), encodeState(answer.udp)]);
}

/** @returns undefined for what this version does not know */
export function decodePortAnswer(bytes: Buffer): PortAnswer | undefined {
  const [tcpByte, udpByte] = bytes;
  if (bytes.length !== 2 || tcpByte === undefined || udpByte === undefined) return undefined;
  if (tcpByte === BUSY && udpByte === BUSY) return 'busy';
  const [tcp, udp] = [decodeState(tcpByte), decodeState(udpByte)];
  return tcp && udp && { tcp, udp };
}

/** Nothing more is said of a port that the player keeps closed to the party. */
export function discreet(state: PortState): PortState {
  return state.entry === 'exposure' ? { listener: 'unknown', entry: 'exposure' } : state;
}

function encodeState({ listener, entry }: PortState): number {
  return (entries.indexOf(entry) << STATE_BITS) | listeners.indexOf(listener);
}

function decodeState(byte: number): PortState | undefined {
  const listener = listeners[byte & STATE_MASK];
  const entry = entries[byte >> STATE_BITS];
  return listener && entry && { listener, entry };
}
