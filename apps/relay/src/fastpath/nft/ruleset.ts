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
 * Connection tracking stays out of it: a tracked flow would keep its way after the maps changed.
 */
import { type Counted, departureKeyOf, type Flow, keyOf } from '../flow';
import type { ForwarderOptions } from '../forwarder';

const counterExpression = /counter packets (\d+) bytes (\d+)/;

export class Ruleset {
  readonly #family: 'ip' | 'ip6';
  readonly #table: string;
  readonly #options: ForwarderOptions;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#family = options.local.includes(':') ? 'ip6' : 'ip';
    this.#table = `${this.#family} lanrage_relay_${options.ports.first}`;
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
    const leaving = `${ip} saddr . ${ip} daddr . udp dport . ${index}`;
    const whole = ip === 'ip' ? 'ip frag-off & 0x3fff == 0' : 'ip6 nexthdr udp';
    return [
      `table ${this.#table} { flags owner`,
      'counter entered { }',
      'counter left { }',
      `map to_ip { typeof ${arriving} : ${ip} daddr; counter; }`,
      `map to_port { typeof ${arriving} : udp dport; }`,
      `map from_port { typeof ${leaving} : udp sport; }`,
      'chain arriving { type filter hook prerouting priority raw; policy accept' +
        `; ${ip} daddr != ${local} accept; udp dport != ${range} accept; notrack` +
        `; ${whole} @th,64,32 0x04000000` +
        ` ${ip} daddr set ${arriving} map @to_ip udp dport set ${arriving} map @to_port counter name entered; }`,
      'chain departing { type filter hook postrouting priority srcnat; policy accept' +
        `; ${ip} daddr != ${local} udp sport set ${leaving} map @from_port ${ip} saddr set ${local}` +
        ' counter name left; }',
      `chain own { type filter hook output priority raw; policy accept; udp sport ${range} notrack; }`,
      '}',
    ].join('; ');
  }

  /** One command for all of it, which the kernel carries out as a whole; undefined when there is nothing to do. */
  change(removed: readonly Flow[], added: readonly Flow[]): string | undefined {
    const elements = (verb: string, map: string, flows: readonly Flow[], element: (flow: Flow) => string) =>
      flows.length > 0 ? [`${verb} element ${this.#table} ${map} { ${flows.map(element).join(', ')} }`] : [];
    const commands = [
      ...elements('delete', 'to_ip', removed, keyOf),
      ...elements('delete', 'to_port', removed, keyOf),
      ...elements('delete', 'from_port', removed, departureKeyOf),
      ...elements('add', 'to_ip', added, (flow) => `${keyOf(flow)} : ${flow.to.address}`),
      ...elements('add', 'to_port', added, (flow) => `${keyOf(flow)} : ${flow.to.port}`),
      ...elements('add', 'from_port', added, (flow) => `${departureKeyOf(flow)} : ${flow.port}`),
    ];
    return commands.length > 0 ? commands.join('; ') : undefined;
  }

  /** Asks for the two sums and for each flow's count; {@link parseCounts} reads the answer line by line. */
  listCounts(): string {
    return `list counters table ${this.#table}; list map ${this.#table} to_ip`;
  }

  /** UDP payload of so many packets of so many bytes, which the kernel counts with their headers. */
  payload({ packets, bytes }: Counted): Counted {
    const headerBytes = (this.#family === 'ip' ? 20 : 40) + 8;
    return { packets, bytes: bytes - packets * headerBytes };
  }
}

/** A line of the listing: the key of a flow, or the name of a sum, and what was counted with headers. */
export class CountsParser {
  #sum = '';

  line(text: string): { name: string; counted: Counted } | undefined {
    const sum = /^\s*counter (\w+) \{/.exec(text)?.[1];
    if (sum) this.#sum = sum;
    const plain = /^\s*packets (\d+) bytes (\d+)/.exec(text);
    if (plain) return { name: this.#sum, counted: { packets: Number(plain[1]), bytes: Number(plain[2]) } };
    const found = counterExpression.exec(text);
    if (!found) return undefined;
    const name = text
      .slice(0, found.index)
      .replace(/^\s*(elements = \{)?\s*/, '')
      .trim();
    return { name, counted: { packets: Number(found[1]), bytes: Number(found[2]) } };
  }
}
