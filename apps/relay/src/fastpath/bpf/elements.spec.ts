import { type Flow, keyOf } from '../flow';
import { layouts, readCounts, readKey, writeKey, writeValue } from './elements';

const flow: Flow = {
  from: { address: '192.0.2.2', port: 0x1234 },
  local: '192.0.2.1',
  port: 0xcabc,
  index: 0x0102_03fe,
  to: { address: '198.51.100.2', port: 0x5678 },
};
const flow6: Flow = {
  ...flow,
  from: { ...flow.from, address: '2001:db8::2' },
  local: '2001:db8::1',
  to: { ...flow.to, address: '2001:db8:b::3' },
};

describe('the elements of the map', () => {
  it('are as on the wire', () => {
    const key = Buffer.alloc(layouts.ipv4.keyBytes);
    writeKey(flow, layouts.ipv4, key);
    expect(key.toString('hex')).toBe('c0000202' + 'fe030201' + '1234' + 'cabc');
    const value = Buffer.alloc(layouts.ipv4.valueBytes);
    writeValue(flow, layouts.ipv4, value);
    expect(value.subarray(0, 12).toString('hex')).toBe('c0000201' + 'c6336402' + 'cabc' + '5678');
  });

  it('are as on the wire for IPv6, too', () => {
    const key = Buffer.alloc(layouts.ipv6.keyBytes);
    writeKey(flow6, layouts.ipv6, key);
    const address = '20010db8000000000000000000000002';
    expect(key.toString('hex')).toBe(address + 'fe030201' + '1234' + 'cabc');
    const value = Buffer.alloc(layouts.ipv6.valueBytes);
    writeValue(flow6, layouts.ipv6, value);
    const addresses = '20010db8000000000000000000000001' + '20010db8000b00000000000000000003';
    expect(value.subarray(0, 36).toString('hex')).toBe(addresses + 'cabc' + '5678');
  });

  it.each([0, 1, 0x7fff_ffff, -1, -0x8000_0000])('are known again by their keys, index %d', (index) => {
    for (const [one, layout] of [
      [flow, layouts.ipv4],
      [flow6, layouts.ipv6],
    ] as const) {
      const key = Buffer.alloc(layout.keyBytes);
      writeKey({ ...one, index }, layout, key);
      expect(readKey(key, layout)).toBe(keyOf({ ...one, index }));
    }
  });

  it('count from nothing, and further than 32 bits', () => {
    const { ipv4 } = layouts;
    const value = Buffer.alloc(ipv4.valueBytes, 0xff);
    writeValue(flow, ipv4, value);
    expect(readCounts(value, ipv4)).toEqual({ packets: 0, bytes: 0 });
    value.writeBigUInt64LE(3n, ipv4.value.packets);
    value.writeBigUInt64LE(2n ** 40n, ipv4.value.bytes);
    expect(readCounts(value, ipv4)).toEqual({ packets: 3, bytes: 2 ** 40 });
  });

  it('are of IP addresses', () => {
    const nobody = { ...flow, from: { ...flow.from, address: 'fe80::1%eth0' } };
    expect(() => writeKey(nobody, layouts.ipv6, Buffer.alloc(layouts.ipv6.keyBytes))).toThrow(RangeError);
  });
});
