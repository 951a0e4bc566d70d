import { DEFAULT_NETWORK, parseVirtualIp } from '#shared/party/virtual-ip';
import { alice, carol, HostileParty, honestRelay, type Claimed } from '../../e2e/support/hostile-party';
import { shareOf, type Attack } from '../attack';

/** Addresses whose traffic is worth having, and some that no member can have. */
const wanted = [
  '8.8.8.8',
  '1.1.1.1',
  '192.168.1.1',
  '10.0.0.1',
  '169.254.169.254',
  '127.0.0.1',
  '0.0.0.0',
  '224.0.0.251',
  '255.255.255.255',
  '10.67.0.2',
  '10.66.0.0',
  '10.66.255.255',
];

/** The places in which the server names an address. Each resolves when the agent has dealt with it. */
const places: readonly ((hostile: HostileParty, virtualIp: string) => Promise<unknown>)[] = [
  async function ownInAnswer(hostile, virtualIp) {
    return hostile.join(withOwn(hostile, virtualIp)).catch(() => undefined);
  },
  async function membersInAnswer(hostile, virtualIp) {
    await hostile.join(hostile.snapshot([alice, { ...carol, virtualIp }]));
  },
  async function membersInEvent(hostile, virtualIp) {
    await hostile.join(hostile.snapshot([alice]));
    hostile.say('member.joined', { revision: 2, relay: honestRelay, member: { ...carol, virtualIp } });
  },
  async function ownInEvent(hostile, virtualIp) {
    await hostile.join(hostile.snapshot([alice]));
    const member: Claimed = { ...hostile.self, virtualIp };
    hostile.say('member.joined', { revision: 2, relay: null, member });
  },
  async function ownInSnapshot(hostile, virtualIp) {
    await hostile.join(hostile.snapshot([alice]));
    hostile.say('party.snapshot', { party: withOwn(hostile, virtualIp) });
  },
  async function membersInSnapshot(hostile, virtualIp) {
    await hostile.join(hostile.snapshot([alice]));
    hostile.say('party.snapshot', { party: hostile.snapshot([alice, { ...carol, virtualIp }]) });
  },
];

/** Networks that no party has. */
const networks = ['8.8', '1.1', '192.168', '169.254', '127.0', '0.0', '224.0', '172.32', '100.63'];

/** Ways to capture traffic by moving the whole party, at first and later. */
const moves: readonly ((hostile: HostileParty, network: object) => Promise<unknown>)[] = [
  async function networkInAnswer(hostile, network) {
    return hostile.join(hostile.snapshot([], network)).catch(() => undefined);
  },
  async function networkInSnapshot(hostile, network) {
    await hostile.join(hostile.snapshot([alice]));
    hostile.say('party.snapshot', { party: hostile.snapshot([], network) });
  },
];

function moved(hostile: HostileParty, prefix: string) {
  const [own, other] = [hostile.self, alice].map((member, index) => ({
    ...member,
    virtualIp: `${prefix}.0.${index + 2}`,
  }));
  return { network: `${prefix}.0.0/16`, members: [own, other], relays: { [alice.id]: honestRelay } };
}

function withOwn(hostile: HostileParty, virtualIp: string) {
  return hostile.snapshot([alice], { members: [alice, { ...hostile.self, virtualIp }] });
}

/** A server tells the agent to put foreign addresses onto the tunnel, as its own and as those of members. */
export const capturedTraffic: Attack = {
  name: 'captured traffic',
  attacker: 'server',
  async play({ effort }) {
    let through = 0;
    const tries = [
      ...places.flatMap((place) =>
        wanted.map((address) => (hostile: HostileParty) => place(hostile, address)),
      ),
      ...moves.flatMap((move) =>
        networks.map((prefix) => (hostile: HostileParty) => move(hostile, moved(hostile, prefix))),
      ),
    ];
    const played = shareOf(tries, effort);
    for (const play of played) {
      const hostile = await HostileParty.start();
      try {
        await play(hostile);
        await hostile.heard();
        if (hostile.network.addresses.some((address) => !parseVirtualIp(address, DEFAULT_NETWORK)))
          through += 1;
      } finally {
        await hostile.close();
      }
    }
    return { tried: played.length, through };
  },
};
