import { type Flow, keyOf } from '../flow';
import { CountsParser, departureOf, Ruleset } from './ruleset';

const ports = { first: 51_900, last: 52_155 };
const flow: Flow = {
  from: { address: '192.0.2.2', port: 4444 },
  local: '192.0.2.1',
  port: 51_901,
  index: 0x0102_03fe,
  to: { address: '198.51.100.2', port: 5555 },
};

describe('the ruleset', () => {
  const ruleset = new Ruleset({ local: '192.0.2.1', ports });

  it('names an index by its bytes on the wire', () => {
    expect(ruleset.change([], [{ ...flow, index: 0x0100_0000 }])).toContain('51901 . 0x1 : 198.51.100.2');
    expect(ruleset.change([], [{ ...flow, index: -2 }])).toContain('51901 . 0xfeffffff : 198.51.100.2');
  });

  it('changes its three maps in one command', () => {
    expect(ruleset.change([], [])).toBeUndefined();
    expect(ruleset.change([], [flow])?.split('; ')).toEqual([
      'add element ip lanrage_relay_51900 to_ip { 192.0.2.2 . 4444 . 51901 . 0xfe030201 : 198.51.100.2 }',
      'add element ip lanrage_relay_51900 to_port { 192.0.2.2 . 4444 . 51901 . 0xfe030201 : 5555 }',
      'add element ip lanrage_relay_51900 from_port { 0xc0000202 . 0xc6336402 . 0x115c15b3 . 0xfe030201 : 51901 }',
    ]);
    const other = { ...flow, port: 51_902 };
    const line = ruleset.change([flow, other], [flow]) ?? '';
    expect(line).not.toContain('\n');
    expect(line.split('; ').map((command) => command.slice(0, 6))).toEqual([
      ...Array<string>(3).fill('delete'),
      ...Array<string>(3).fill('add el'),
    ]);
    expect(line).toContain(
      'delete element ip lanrage_relay_51900 to_port { 192.0.2.2 . 4444 . 51901 . 0xfe030201, ',
    );
  });

  it('knows departures by their bytes', () => {
    const from = { address: '2001:db8::2', port: 65_535 };
    const to = { address: '2001:db8:1::3', port: 1 };
    expect(departureOf({ ...flow, from, to })).toBe(
      '0x20010db8000000000000000000000002 . 0x20010db8000100000000000000000003 . 0xffff0001 . 0xfe030201',
    );
  });

  it('counts what players send, without the headers of the network', () => {
    expect(ruleset.payload({ packets: 3, bytes: 3 * 60 })).toEqual({ packets: 3, bytes: 96 });
    const ipv6 = new Ruleset({ local: '2001:db8::1', ports });
    expect(ipv6.payload({ packets: 3, bytes: 3 * 80 })).toEqual({ packets: 3, bytes: 96 });
    expect(ipv6.create()).toContain('table ip6 lanrage_relay_51900 {');
  });
});

/** Printed by nft 1.0.6 and Linux 6.18. */
const listing = `table ip lanrage_relay_51900 {
	counter entered {
		packets 12 bytes 720
	}
	counter left {
		packets 11 bytes 660
	}
}
table ip lanrage_relay_51900 {
	map to_ip {
		typeof ip saddr . udp sport . udp dport . @th,96,32 : ip daddr
		counter
		elements = { 192.0.2.2 . 4444 . 51901 . 0xfe030201 counter packets 7 bytes 420 : 198.51.100.2,
			     198.51.100.2 . 5555 . 51901 . 0x1 counter packets 5 bytes 300 : 192.0.2.2 }
	}
}`;

describe('the kernel’s counts', () => {
  it('are read from its listing', () => {
    const parser = new CountsParser();
    expect(listing.split('\n').flatMap((line) => parser.line(line) ?? [])).toEqual([
      { of: 'entered', counted: { packets: 12, bytes: 720 } },
      { of: 'left', counted: { packets: 11, bytes: 660 } },
      { of: keyOf(flow), counted: { packets: 7, bytes: 420 } },
      { of: keyOf({ port: 51_901, index: 0x0100_0000 }), counted: { packets: 5, bytes: 300 } },
    ]);
  });
});
