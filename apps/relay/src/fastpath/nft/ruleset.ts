/**
 * The kernel's part of the relay, in the words of nft(8): stateless rewriting by map, before and after routing.
 *
 *     from player A           prerouting                   routing        postrouting           to player B
 *     A → relay:port, index   to_ip, to_port: A → B, index    …      from_port: relay:port → B
 *
 * The maps hold *flows*: data messages from one address to one port of the relay with one receiver index. So the
 * kernel does as user space does and routes by index, from the one address that is believed for it: whatever else
 * arrives (handshakes, cookies, indices without a session, addresses that are new, fragments) finds no element and
 * reaches the relay's socket as ever. Taking an element out gives its packets back at once.
 *
 * What the kernel would not send on, or would spoil, stays in user space as well: packets at the end of their time to
 * live, with IP options, or without a UDP checksum, which rewriting would turn into a wrong one.
 *
 * A rewritten packet names the player it is for instead of the relay. Where the kernel cannot send it on (no route, too
 * long, a firewall that rejects it, a better way), its ICMP message would quote that to the sender. Such a message is
 * dropped: the departure of a flow is looked up in what it quotes. ICMP about anything else passes.
 *
 * Connection tracking stays out of it: a tracked flow would keep its way after the maps changed.
 */
import { parseIpAddress } from '#shared/ip-address';
import { type Counted, type Flow, keyOf } from '../flow';
import type { PortRange } from '../../core/port-choice';

/** The relay's port, the index, packets and bytes. */
const elementPattern = /(\d+) \. (0x[0-9a-f]+) counter packets (\d+) bytes (\d+)/;
const sumPattern = /^\s*packets (\d+) bytes (\d+)/;

/**
 * By family. `plain`: packets that may be rewritten; the first one of IPv4 is the version and the length of a header without
 * options. `errors`: kinds of ICMP messages that quote a packet, with the byte where the quotation begins; it takes less room
 * in redirects of IPv6 that do not say the next hop's link-layer address (RFC 4861 section 4.5).
 */
const families = {
  ip: {
    bits: 32,
    source: 96,
    headerBits: 160,
    plain: 'ip ttl > 1 @nh,0,8 0x45 ip frag-off & 0x3fff == 0 udp checksum != 0',
    errors: [['icmp type { 3, 5, 11, 12 }', 8]],
  },
  ip6: {
    bits: 128,
    source: 64,
    headerBits: 320,
    plain: 'ip6 hoplimit > 1 ip6 nexthdr udp',
    errors: [
      ['icmpv6 type { 1, 2, 3, 4 }', 8],
      ['icmpv6 type 137', 48],
      ['icmpv6 type 137', 56],
    ],
  },
} as const;

export interface RulesetOptions {
  /** The address of this machine in the packets of players. */
  readonly local: string;
  readonly ports: PortRange;
  /** Counts the addresses, from 0; each has a table of its own. */
  readonly place?: number;
}

/** For the flows by one address of this machine. */
export class Ruleset {
  readonly #family: 'ip' | 'ip6';
  readonly #table: string;
  readonly #options: RulesetOptions;

  constructor(options: RulesetOptions) {
    this.#options = options;
    const { local, ports, place = 0 } = options;
    this.#family = local.includes(':') ? 'ip6' : 'ip';
    this.#table = `${this.#family} lanrage_relay_${ports.first}${place > 0 ? `_${place + 1}` : ''}`;
  }

  /**
   * One command, without line breaks as `nft -i` wants it. The table belongs to the process that makes it, and the
   * kernel removes it with that process, whatever ended it.
   */
  create(): string {
    const ip = this.#family;
    const { local, ports } = this.#options;
    const range = `${ports.first}-${ports.last}`;
    const index = '@th,96,32';
    const arriving = `${ip} saddr . udp sport . udp dport . ${index}`;
    const { bits, source, plain } = families[ip];
    const leaving = `@nh,${source},${bits} . @nh,${source + bits},${bits} . @th,0,32 . ${index}`;
    return [
      `table ${this.#table} { flags owner`,
      'counter entered { }',
      'counter left { }',
      `map to_ip { typeof ${arriving} : ${ip} daddr; counter; }`,
      `map to_port { typeof ${arriving} : udp dport; }`,
      `map from_port { typeof ${leaving} : udp sport; }`,
      'chain arriving { type filter hook prerouting priority raw; policy accept' +
        `; ${ip} daddr != ${local} accept; udp dport != ${range} accept; notrack` +
        `; ${plain} @th,64,32 0x04000000` +
        ` ${ip} daddr set ${arriving} map @to_ip udp dport set ${arriving} map @to_port counter name entered; }`,
      'chain departing { type filter hook postrouting priority srcnat; policy accept' +
        `; ${ip} daddr != ${local} udp sport set ${leaving} map @from_port ${ip} saddr set ${local}` +
        ' counter name left; }',
      `chain own { type filter hook output priority raw; policy accept; udp sport ${range} notrack` +
        `; ${this.#quoting().join(' drop; ')} drop; }`,
      '}',
    ].join('; ');
  }

  /** Matches ICMP messages about what has been rewritten, in the words of {@link departureOf}. */
  #quoting(): string[] {
    const { bits, source, headerBits, errors } = families[this.#family];
    return errors.map(([kinds, quotedFromByte]) => {
      const at = quotedFromByte * 8;
      const addresses = `@th,${at + source},${bits} . @th,${at + source + bits},${bits}`;
      const ports = at + headerBits;
      return `${kinds} ${addresses} . @th,${ports},32 . @th,${ports + 96},32 @from_port`;
    });
  }

  /** Takes the table away before its process ends. */
  remove(): string {
    return `delete table ${this.#table}`;
  }

  /** One command for all of it, which the kernel carries out as a whole; undefined when there is nothing to do. */
  change(removed: readonly Flow[], added: readonly Flow[]): string | undefined {
    const elements = (verb: string, map: string, flows: readonly Flow[], element: (flow: Flow) => string) =>
      flows.length > 0 ? [`${verb} element ${this.#table} ${map} { ${flows.map(element).join(', ')} }`] : [];
    const commands = [
      ...elements('delete', 'to_ip', removed, arrivalOf),
      ...elements('delete', 'to_port', removed, arrivalOf),
      ...elements('delete', 'from_port', removed, departureOf),
      ...elements('add', 'to_ip', added, (flow) => `${arrivalOf(flow)} : ${flow.to.address}`),
      ...elements('add', 'to_port', added, (flow) => `${arrivalOf(flow)} : ${flow.to.port}`),
      ...elements('add', 'from_port', added, (flow) => `${departureOf(flow)} : ${flow.port}`),
    ];
    return commands.length > 0 ? commands.join('; ') : undefined;
  }

  /** Asks for the two sums and for each flow's count; {@link CountsParser} reads the answer. */
  listCounts(): string {
    return `list counters table ${this.#table}; list map ${this.#table} to_ip`;
  }

  /** Asks for the counts of some flows alone. */
  listCountsOf(flows: readonly Flow[]): string {
    return `get element ${this.#table} to_ip { ${flows.map(arrivalOf).join(', ')} }`;
  }

  /** UDP payload of so many packets of so many bytes, which the kernel counts with their headers. */
  payload({ packets, bytes }: Counted): Counted {
    const headerBytes = (this.#family === 'ip' ? 20 : 40) + 8;
    return { packets, bytes: bytes - packets * headerBytes };
  }
}

/** What the kernel has counted, with headers: by a flow, see {@link keyOf}, or at either end of its way. */
export interface Count {
  readonly of: number | 'entered' | 'left';
  readonly counted: Counted;
}

/** Reads a listing line by line. */
export class CountsParser {
  #sum: 'entered' | 'left' = 'entered';

  line(text: string): Count | undefined {
    const element = elementPattern.exec(text);
    if (element) {
      const [port, index, packets, bytes] = element.slice(1).map(Number) as [number, number, number, number];
      return { of: keyOf({ port, index: swapped(index) }), counted: { packets, bytes } };
    }
    const sum = sumPattern.exec(text);
    if (sum) return { of: this.#sum, counted: { packets: Number(sum[1]), bytes: Number(sum[2]) } };
    if (text.includes('counter entered')) this.#sum = 'entered';
    if (text.includes('counter left')) this.#sum = 'left';
    return undefined;
  }
}

/** What tells flows apart on arrival. */
function arrivalOf({ from, port, index }: Flow): string {
  return `${from.address} . ${from.port} . ${port} . ${networkOrder(index)}`;
}

/**
 * What tells flows apart on departure, when the relay's port is no longer in the packet: both addresses, both ports, and the
 * index. As the bytes that they are, for they are looked up in quoted packets, too, whose fields have no names.
 */
export function departureOf({ from, to, index }: Flow): string {
  const ports = from.port * 2 ** 16 + to.port;
  return `${hexAddress(from.address)} . ${hexAddress(to.address)} . 0x${ports.toString(16)} . ${networkOrder(index)}`;
}

/** @param address as a socket gave it */
function hexAddress(address: string): string {
  return `0x${Buffer.from(parseIpAddress(address) ?? []).toString('hex')}`;
}

/** WireGuard's integers are little-endian, nft reads the bytes as they come. */
function networkOrder(index: number): string {
  return `0x${(swapped(index) >>> 0).toString(16)}`;
}

function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
