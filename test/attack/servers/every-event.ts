import { agentEventSchemas, type AgentEventName } from '#shared/api/signaling';
import { parseEndpoint, splitEndpoint } from '#shared/endpoint';
import { DEFAULT_NETWORK, isInNetwork, parseVirtualIp } from '#shared/party/virtual-ip';
import { namingFault } from '../../../apps/client/src/connection/vantage';
import { alice, carol, HostileParty, honestRelay, hostilePartyId } from '../../e2e/support/hostile-party';
import { shareOf, type Attack } from '../attack';
import { spoil, type Spoiled } from './spoiled';

export const honestSettings = {
  locked: false,
  public: false,
  persistent: false,
  hasPassword: false,
  sealed: false,
  discordUrl: 'https://discord.gg/lan',
};
/** A member with every field. */
export const honestMember = { ...alice, endpoint: '192.0.2.7:40000', direct: true, udp: 'relays' };
const change = { partyId: hostilePartyId, revision: 2 };
const candidates = [{ kind: 'host', endpoint: '192.0.2.7:40000' }];

/** One honest message for each event, with every field. */
const honestEvents: Record<AgentEventName, (hostile: HostileParty) => object> = {
  'party.snapshot': (hostile) => ({ party: honestParty(hostile) }),
  'member.joined': () => ({
    ...change,
    member: { ...carol, direct: true, udp: 'nobody' },
    relay: honestRelay,
    relayRefusal: 'no_relay',
    hostId: alice.id,
  }),
  'member.left': () => ({ ...change, peerId: carol.id, reason: 'left', hostId: alice.id }),
  'party.changed': () => {
    const terms = { name: 'LAN', hostId: alice.id, ownerId: alice.id, maxPeers: 8, settings: honestSettings };
    return { ...change, ...terms };
  },
  'party.ended': () => ({ ...change, reason: 'kicked' }),
  'state.changed': () => ({ partyId: hostilePartyId, key: 'map', value: 'dust', version: 1 }),
  'member.presence': () => ({ ...honestMember, partyId: hostilePartyId, peerId: alice.id }),
  'relays.changed': () => ({
    partyId: hostilePartyId,
    relays: { [alice.id]: honestRelay },
    refusals: { [alice.id]: 'no_relay' },
  }),
  'path.attempt': () => ({ partyId: hostilePartyId, peerId: alice.id, attempt: 1, first: true, candidates }),
  'session.replaced': () => ({}),
  'session.banned': () => ({}),
};

export function honestParty(hostile: HostileParty): object {
  return hostile.snapshot([honestMember], {
    settings: honestSettings,
    relayRefusals: { [alice.id]: 'no_relay' },
    timedOut: [carol.id],
  });
}

/** What the network was told that no server may have it told; empty for nothing. */
export function harmTo({ network }: HostileParty): string[] {
  const foreign = network.addresses.filter((address) => !parseVirtualIp(address, DEFAULT_NETWORK));
  const astray = network.endpoints.filter((text) => {
    const endpoint = parseEndpoint(text);
    if (!endpoint || isInNetwork(splitEndpoint(endpoint).address, DEFAULT_NETWORK)) return true;
    return namingFault(endpoint, ['127.0.0.1'], { networks: [], gateways: [] }) !== null;
  });
  const shared = [...network.peers.values()].filter((address, index, all) => all.indexOf(address) !== index);
  return [...foreign, ...astray, ...shared];
}

/** Each field of each event, with whatever a server may put there, while the agent is in a party. */
export const everyEvent: Attack = {
  name: 'lies in every field of every event',
  attacker: 'server',
  async play({ effort }) {
    let tried = 0;
    const harm: string[] = [];
    for (const name of Object.keys(honestEvents) as AgentEventName[]) {
      const hostile = await joined();
      const honest = honestEvents[name](hostile);
      await hostile.close();
      const spoiled = spoil(agentEventSchemas[name], honest);
      const chosen = shareOf(spoiled, effort);
      tried += chosen.length;
      harm.push(...(await harmOf(name, chosen)));
    }
    return { tried, through: harm.length, note: harm.slice(0, 3).join('; ') };
  },
};

async function harmOf(name: AgentEventName, spoiled: readonly Spoiled[]): Promise<string[]> {
  const harm: string[] = [];
  let hostile = await joined();
  try {
    for (const { path, message } of spoiled) {
      hostile.sayPlainly('party.snapshot', { party: honestParty(hostile) });
      hostile.sayPlainly(name, message);
      await hostile.heard();
      harm.push(...harmTo(hostile).map((what) => `${name} ${path}: ${what}`));
      const isOver = harm.length > 0 || hostile.manager.currentParty === null;
      if (!isOver) continue;
      await hostile.close();
      hostile = await joined();
    }
  } finally {
    await hostile.close();
  }
  return harm;
}

async function joined(): Promise<HostileParty> {
  const hostile = await HostileParty.start();
  await hostile.join(honestParty(hostile));
  await hostile.heard();
  return hostile;
}
