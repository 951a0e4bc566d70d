import { createHash } from 'node:crypto';
import type { PeerId } from './identity';
import { CREATOR_SLOT, nextFreeSlot, preferredSlot, SHARED_SLOTS, virtualIpOfSlot } from './virtual-ip';

const id = (text: string) => text as PeerId;

describe('virtual IP', () => {
  // Published in docs/protocol.md: other implementations must agree.
  it.each([
    ['0000000000000000', '10.66.163.78'],
    ['ffffffffffffffff', '10.66.74.242'],
    ['0123456789abcdef', '10.66.34.60'],
    ['66687aadf862bd77', '10.66.190.196'],
  ])('peer %s prefers %s', (peerId, virtualIp) => {
    expect(virtualIpOfSlot(preferredSlot(id(peerId)))).toBe(virtualIp);
  });

  it('keeps 10.66.0.1 for the creator', () => {
    expect(virtualIpOfSlot(CREATOR_SLOT)).toBe('10.66.0.1');
  });

  it('numbers 64,768 distinct addresses with fourth octets 2 to 254', () => {
    const all = new Set<string>();
    for (let slot = 1; slot <= SHARED_SLOTS; slot++) {
      const virtualIp = virtualIpOfSlot(slot);
      const fourth = Number(virtualIp.split('.')[3]);
      if (fourth < 2 || fourth > 254) throw new Error(`${slot} became ${virtualIp}`);
      all.add(virtualIp);
    }
    expect(all.size).toBe(64_768);
    expect(virtualIpOfSlot(SHARED_SLOTS)).toBe('10.66.255.254');
  });

  it.each([-1, SHARED_SLOTS + 1, 1.5, NaN])('refuses slot %p', (slot) => {
    expect(() => virtualIpOfSlot(slot)).toThrow(RangeError);
  });

  it('spreads peers evenly over the third octet', () => {
    const perOctet = new Array<number>(256).fill(0);
    const peers = 51_200; // 200 expected in each octet; 5 standard deviations are 71
    for (let n = 0; n < peers; n++) {
      const peerId = id(createHash('sha256').update(String(n)).digest('hex').slice(0, 16));
      const third = Number(virtualIpOfSlot(preferredSlot(peerId)).split('.')[2]);
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
