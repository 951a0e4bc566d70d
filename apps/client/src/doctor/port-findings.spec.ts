import type { PeerId } from '#shared/party/identity';
import type { Diagnosis } from '../agent/local-api';
import type { FirewallVerdict } from '../network/firewall/evaluation';
import type { Entry, Listener, PortReport } from '../network/ports/port-report';
import { firewallFindings, portFindings } from './port-findings';

type Trial = NonNullable<Diagnosis['trial']>;

const bobId = 'b'.repeat(16) as PeerId;
const peers = [
  { id: 'a'.repeat(16), name: 'Alice', virtualIp: '10.66.0.1', isSelf: true },
  { id: bobId, name: 'Bob', virtualIp: '10.66.9.9', isSelf: false },
];
const diagnosed = (changes: Partial<Diagnosis>): Diagnosis =>
  ({
    status: { status: 'in_party', party: { peers } },
    peerId: bobId,
    interfaceName: 'lanrage0',
    trial: null,
    firewall: null,
    ...changes,
  }) as Diagnosis;
const report = (tcp: [Listener, Entry], udp: [Listener, Entry] = ['none', 'open']): PortReport => ({
  tcp: { listener: tcp[0], entry: tcp[1] },
  udp: { listener: udp[0], entry: udp[1] },
});
const tried = (changes: Partial<Trial>) =>
  portFindings(diagnosed({ trial: { port: 25_565, tcp: 'silent', told: null, ...changes } }));

describe('what is said of a port', () => {
  it.each<[Partial<Trial>, string, RegExp]>([
    [{ tcp: 'connected' }, 'game_port_open', /accepts connections/],
    [
      { tcp: 'refused', told: report(['none', 'open']) },
      'game_port_no_listener',
      /Nothing listens on port 25565/,
    ],
    [
      { told: report(['none', 'firewall'], ['none', 'firewall']) },
      'game_port_no_listener',
      /firewall would drop packets to that port, too/,
    ],
    [{ tcp: 'refused', told: report(['loopback', 'open']) }, 'game_port_loopback', /127\.0\.0\.1 only/],
    [{ tcp: 'refused', told: report(['elsewhere', 'open']) }, 'game_port_elsewhere', /another address/],
    [{ told: report(['here', 'firewall']) }, 'game_port_firewalled', /A firewall on Bob's machine drops/],
    [
      { told: report(['unknown', 'exposure'], ['unknown', 'exposure']) },
      'game_port_not_exposed',
      /LANRAGE_EXPOSE/,
    ],
    [{ told: report(['here', 'open']) }, 'game_port_no_answer', /accepts no connection/],
    [
      { tcp: 'refused', told: report(['none', 'open'], ['here', 'open']) },
      'game_port_open',
      /UDP port 25565/,
    ],
    [{ told: report(['none', 'open'], ['here', 'firewall']) }, 'game_port_firewalled', /UDP port 25565/],
    [{ tcp: 'refused' }, 'game_port_not_told', /refuses TCP/],
    [{ tcp: 'unreachable' }, 'game_port_not_told', /a firewall rejects connections/],
    [{ told: 'busy' }, 'game_port_not_told', /does not answer/],
  ])('%j: %s', (trial, code, message) => {
    expect(tried(trial)).toEqual([
      expect.objectContaining({ code, message: expect.stringMatching(message), peer: expect.anything() }),
    ]);
  });

  it('names the address on which the server is to listen', () => {
    expect(tried({ tcp: 'refused', told: report(['loopback', 'open']) })[0]?.advice).toContain('10.66.9.9');
  });

  it('is of this machine without a player', () => {
    const trial: Trial = { port: 7_777, tcp: null, told: report(['none', 'open'], ['loopback', 'open']) };
    const [finding] = portFindings(diagnosed({ peerId: null, trial }));
    expect(finding).toMatchObject({
      code: 'game_port_loopback',
      message: expect.stringContaining('UDP port 7777 of this machine'),
      advice: expect.stringContaining('10.66.0.1'),
    });
    expect(finding?.peer).toBeUndefined();
  });

  it('is nothing where none was asked for', () => {
    expect(portFindings(diagnosed({}))).toEqual([]);
  });
});

describe('a firewall that closes the tunnel', () => {
  const by = (tool: string, table: string, chain: string) =>
    ({ state: 'closed', by: { tool, table, chain } }) as FirewallVerdict;

  it.each([
    [by('ufw', 'filter', 'INPUT'), 'sudo ufw allow in on lanrage0'],
    [by('firewalld', 'inet firewalld', 'filter_INPUT'), '--zone=trusted --add-interface=lanrage0'],
    [by('iptables', 'filter', 'INPUT'), 'sudo iptables -I INPUT -i lanrage0 -j ACCEPT'],
    [by('iptables', 'raw', 'PREROUTING'), 'sudo iptables -t raw -I PREROUTING -i lanrage0 -j ACCEPT'],
    [
      by('nftables', 'inet filter', 'input'),
      'sudo nft insert rule inet filter input iifname lanrage0 accept',
    ],
  ])('is opened by its own command: %j', (firewall, command) => {
    expect(firewallFindings(diagnosed({ firewall }))).toEqual([
      expect.objectContaining({
        code: 'firewall_closed',
        severity: 'warning',
        advice: expect.stringContaining(command),
      }),
    ]);
  });

  it.each([null, { state: 'open', by: null }, { state: 'unknown', by: null }] as const)(
    'is not %j',
    (firewall) => {
      expect(firewallFindings(diagnosed({ firewall }))).toEqual([]);
    },
  );
});
