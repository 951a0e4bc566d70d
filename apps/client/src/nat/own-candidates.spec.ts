import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { ownCandidates } from './own-candidates';

const at = (address: string, interfaceName = 'eth0') => ({ interfaceName, address });
const mapped = parseEndpoint('203.0.113.7:40001') as Endpoint;

describe("this machine's candidates", () => {
  it('are its addresses with the port of WireGuard, and the port that its router forwards', () => {
    expect(ownCandidates([at('192.168.1.7'), at('2001:db8::7')], 40_000, mapped)).toEqual([
      { kind: 'host', endpoint: '192.168.1.7:40000' },
      { kind: 'host', endpoint: '[2001:db8::7]:40000' },
      { kind: 'mapped', endpoint: mapped },
    ]);
  });

  it('have other tunnels behind the networks that they go through, and are not crowded out by them', () => {
    const tunnels = ['tun0', 'wg0', 'tailscale0', 'zt7nnig26', 'utun3', 'nordlynx', 'wt0', 'tap0'];
    const all = [...tunnels.map((name, index) => at(`10.7.${index}.2`, name)), at('192.168.1.7', 'wlan0')];
    const [first, second] = ownCandidates(all, 40_000, null);
    expect(first?.endpoint).toBe('192.168.1.7:40000');
    expect(second?.endpoint).toBe('10.7.0.2:40000');
  });

  it.each([
    ['of this machine alone', at('127.0.0.1', 'lo')],
    ['of one link', at('fe80::1')],
    ['of one link', at('169.254.7.7')],
    ['of the tunnel', at('10.66.0.2', 'lanrage0')],
    ['of containers', at('172.17.0.1', 'docker0')],
    ['of virtual machines', at('192.168.122.1', 'virbr0')],
  ])('are none %s: %j', (_, address) => {
    expect(ownCandidates([address], 40_000, null)).toEqual([]);
  });

  it('are few, and leave room for the forwarded port', () => {
    const many = Array.from({ length: 50 }, (_, index) => at(`192.168.1.${index + 1}`));
    const candidates = ownCandidates(many, 40_000, mapped);
    expect(candidates).toHaveLength(9);
    expect(candidates.at(-1)?.kind).toBe('mapped');
  });
});
