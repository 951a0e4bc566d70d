import { partyFixture } from '../../../../test/fixtures/party';
import { portsOf, reachBy, reachWithoutRouter, type Reach } from '../own-server/reach';
import { renderHosting, renderUnreachable } from './host-rendering';

const ports = { http: 8080, stun: [3478, 3479], relay: [51_900, 51_915] } as const;
const home = '192.168.1.5';
const link = `http://203.0.113.5:8080/#join=${'A'.repeat(80)}`;

function hosting(reach: Reach, keep = false): string {
  const party = partyFixture();
  return renderHosting({ party, link, homeLink: null, reach, ports, forwardTo: home, keep });
}

const flat = (text: string) => text.replaceAll(/\s+/g, ' ');

describe('what a host of a server at home is told', () => {
  it.each<[string, Reach, RegExp]>([
    [
      'a public address',
      { kind: 'public', address: '203.0.113.5' },
      /Friends anywhere .* firewall .* TCP 8080/,
    ],
    [
      'a router that maps',
      reachBy({ kind: 'mapped', address: '203.0.113.5' }, home),
      /leads 203\.0\.113\.5 to/,
    ],
    ['an address that the host names', { kind: 'told', address: '203.0.113.5' }, /Nobody has tried that yet/],
    [
      'no router',
      reachBy({ kind: 'silent' }, home),
      /Only friends in your own network .* Switch on UPnP or PCP/,
    ],
    [
      'a router that refuses',
      reachBy({ kind: 'refused', detail: 'the router says no' }, home),
      /the router says no.* forward TCP 8080 and UDP 3478, 3479 and 51900-51915 to 192\.168\.1\.5/,
    ],
    [
      'the NAT of a provider',
      reachBy({ kind: 'double_nat', detail: 'the router has no public address, only 100.64.0.5' }, home),
      /only 100\.64\.0\.5, so nobody outside .* Ask your provider/,
    ],
  ])('begins with the link, and says what %s means', (_what, reach, words) => {
    const text = hosting(reach);
    const [first, ...others] = text.split('\n');
    expect(first).toBe(link);
    expect(flat(text)).toMatch(words);
    expect(flat(text)).toMatch(/no TLS.* "Gaming\ufffd Night".* at 10\.66\.3\.7\. Ctrl-C closes the party/);
    expect(Math.max(...others.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  it('does not call a party closed that is kept', () => {
    expect(flat(hosting({ kind: 'public', address: '203.0.113.5' }, true))).toContain('the party is kept');
  });

  it('is told when the router takes its promise back', () => {
    const moved = renderUnreachable({ kind: 'moved', address: '203.0.113.9' });
    expect(flat(moved)).toContain('another public address now, 203.0.113.9');
    expect(flat(renderUnreachable({ kind: 'refused', detail: 'the router says no' }))).toContain('says no');
  });
});

describe('the reach of a server at home', () => {
  it('needs no router where this machine or the host knows a public address', () => {
    expect(reachWithoutRouter(undefined, home)).toBeUndefined();
    expect(reachWithoutRouter(undefined, '203.0.113.5')).toMatchObject({ kind: 'public' });
    expect(reachWithoutRouter('203.0.113.7', home)).toEqual({ kind: 'told', address: '203.0.113.7' });
  });

  it('takes all ports of HTTP, STUN and relay, HTTP first', () => {
    const all = portsOf({ http: 8080, stun: [3478, 3479], relay: [51_900, 51_901] });
    expect(all.map(({ port, transport }) => `${transport} ${port}`)).toEqual([
      'tcp 8080',
      'udp 3478',
      'udp 3479',
      'udp 51900',
      'udp 51901',
    ]);
  });
});
