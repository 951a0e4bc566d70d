import { createHash } from 'node:crypto';
import type { PeerId } from './identity';
import {
  CREATOR_SLOT,
  DEFAULT_NETWORK,
  isInNetwork,
  nextFreeSlot,
  parseVirtualIp,
  parseVirtualNetwork,
  preferredSlot,
  SHARED_SLOTS,
  virtualIpOfSlot,
  virtualNetworks,
} from './virtual-ip';

const id = (text: string) => text as PeerId;

describe('virtual IP', () => {
  // Published in docs/protocol.md: other implementations must agree.
  it.each([
    ['0000000000000000', '10.66.163.78'],
    ['ffffffffffffffff', '10.66.74.242'],
    ['0123456789abcdef', '10.66.34.60'],
    ['66687aadf862bd77', '10.66.190.196'],
  ])('peer %s prefers %s', (peerId, virtualIp) => {
    expect(virtualIpOfSlot(preferredSlot(id(peerId)), DEFAULT_NETWORK)).toBe(virtualIp);
  });

  it('keeps 10.66.0.1 for the creator', () => {
    expect(virtualIpOfSlot(CREATOR_SLOT, DEFAULT_NETWORK)).toBe('10.66.0.1');
  });

  it('numbers 64,768 distinct addresses with fourth octets 2 to 254', () => {
    const all = new Set<string>();
    for (let slot = 1; slot <= SHARED_SLOTS; slot++) {
      const virtualIp = virtualIpOfSlot(slot, DEFAULT_NETWORK);
      const fourth = Number(virtualIp.split('.')[3]);
      if (fourth < 2 || fourth > 254) throw new Error(`${slot} became ${virtualIp}`);
      all.add(virtualIp);
    }
    expect(all.size).toBe(64_768);
    expect(virtualIpOfSlot(SHARED_SLOTS, DEFAULT_NETWORK)).toBe('10.66.255.254');
  });

  it.each([-1, SHARED_SLOTS + 1, 1.5, NaN])('refuses slot %p', (slot) => {
    expect(() => virtualIpOfSlot(slot, DEFAULT_NETWORK)).toThrow(RangeError);
  });

  it('is parsed exactly when a slot has it', () => {
    const assigned = new Set(
      Array.from({ length: SHARED_SLOTS + 1 }, (_, slot): string => virtualIpOfSlot(slot, DEFAULT_NETWORK)),
    );
    for (let number = 0; number < 65_536; number++) {
      const text = `10.66.${number >> 8}.${number & 255}`;
      if ((parseVirtualIp(text, DEFAULT_NETWORK) === text) !== assigned.has(text)) throw new Error(text);
    }
  });

  it.each([
    '8.8.8.8',
    '10.65.0.2',
    '10.67.0.2',
    '10.66.0.0',
    '10.66.255.255',
    '10.66.7.1',
    '10.66.256.2',
    '10.66.7.300',
    '10.66.007.8',
    '10.66.7.08',
    '010.66.7.8',
    '10.66.7.8/0',
    '10.66.7.8,0.0.0.0/0',
    ' 10.66.7.8',
    '10.66.7.8\n',
    '10.66.7',
    '::ffff:10.66.7.8',
    '',
  ])('is not %p', (text) => {
    expect(parseVirtualIp(text, DEFAULT_NETWORK)).toBeUndefined();
  });

  it('spreads peers evenly over the third octet', () => {
    const perOctet = new Array<number>(256).fill(0);
    const peers = 51_200; // 200 expected in each octet; 5 standard deviations are 71
    for (let n = 0; n < peers; n++) {
      const peerId = id(createHash('sha256').update(String(n)).digest('hex').slice(0, 16));
      const third = Number(virtualIpOfSlot(preferredSlot(peerId), DEFAULT_NETWORK).split('.')[2]);
      perOctet[third] = (perOctet[third] ?? 0) + 1;
    }
    expect(Math.min(...perOctet)).toBeGreaterThan(129);
    expect(Math.max(...perOctet)).toBeLessThan(271);
  });
});

describe('next free slot', () => {
  it('is the preferred one when free', () => {
    expect(nextFreeSlot(77, new Set([76, 78]))).toBe(77);
  });

  it('steps over taken ones and wraps around past the creator', () => {
    expect(nextFreeSlot(77, new Set([77, 78]))).toBe(79);
    expect(nextFreeSlot(SHARED_SLOTS, new Set([SHARED_SLOTS, CREATOR_SLOT, 1]))).toBe(2);
  });

  it('is null when every address is taken', () => {
    const taken = new Set(Array.from({ length: SHARED_SLOTS }, (_, index) => index + 1));
    expect(nextFreeSlot(500, taken)).toBeNull();
    taken.delete(499);
    expect(nextFreeSlot(500, taken)).toBe(499);
  });
});

describe('the network of a party', () => {
  it.each([
    '10.66.0.0/16',
    '10.0.0.0/16',
    '10.255.0.0/16',
    '172.16.0.0/16',
    '172.31.0.0/16',
    '100.64.0.0/16',
    '100.127.0.0/16',
  ])('can be %s', (text) => expect(parseVirtualNetwork(text)).toBe(text));

  it.each([
    '8.8.0.0/16',
    '0.0.0.0/0',
    '0.0.0.0/16',
    '127.0.0.0/16',
    '169.254.0.0/16',
    '192.168.0.0/16',
    '224.0.0.0/16',
    '172.15.0.0/16',
    '172.32.0.0/16',
    '100.63.0.0/16',
    '100.128.0.0/16',
    '10.66.0.0/15',
    '10.66.0.0/24',
    '10.66.0.0/8',
    '10.66.1.0/16',
    '10.066.0.0/16',
    '10.66.0.0/16 dev eth0',
    '10.66.0.0/16\n',
    '10.66.0.0',
    'fd00::/16',
    '',
  ])('cannot be %j', (text) => expect(parseVirtualNetwork(text)).toBeUndefined());

  it('is one of 336', () => {
    expect(new Set(virtualNetworks).size).toBe(336);
    expect(virtualNetworks.every((network) => parseVirtualNetwork(network) === network)).toBe(true);
  });

  it('has the same slots as every other one', () => {
    const network = parseVirtualNetwork('172.20.0.0/16') ?? DEFAULT_NETWORK;
    expect(virtualIpOfSlot(CREATOR_SLOT, network)).toBe('172.20.0.1');
    expect(virtualIpOfSlot(preferredSlot(id('0123456789abcdef')), network)).toBe('172.20.34.60');
    expect(parseVirtualIp('172.20.34.60', network)).toBe('172.20.34.60');
    expect(parseVirtualIp('10.66.34.60', network)).toBeUndefined();
    expect(parseVirtualIp('172.20.34.1', network)).toBeUndefined();
  });

  it('has what begins like it, and nothing else', () => {
    const network = parseVirtualNetwork('10.6.0.0/16') ?? DEFAULT_NETWORK;
    expect(isInNetwork('10.6.6.0', network)).toBe(true);
    expect(
      ['10.66.0.6', '110.6.0.1', '::ffff:10.6.0.1'].some((address) => isInNetwork(address, network)),
    ).toBe(false);
  });
});
