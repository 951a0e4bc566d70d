import { alice, carol, HostileParty, honestRelay } from '../../e2e/support/hostile-party';
import { shareOf, type Attack } from '../attack';

/** No single machine has these, or they are inside of the tunnel, or a port is a system's. */
const unusable = [
  '0.0.0.0:51900',
  '255.255.255.255:51900',
  '224.0.0.251:5353',
  '240.0.0.1:51900',
  '10.66.0.9:51900',
  '169.254.169.254:80',
  '203.0.113.7:53',
  '127.0.0.1:53',
  '[::]:51900',
  '[ff02::1]:51900',
  '[64:ff9b::c0a8:101]:51900',
];

const places: readonly ((hostile: HostileParty, endpoint: string) => Promise<unknown>)[] = [
  async function relayInAnswer(hostile, endpoint) {
    await hostile.join(hostile.snapshot([alice], { relays: { [alice.id]: { relayId: 'r', endpoint } } }));
  },
  async function relayOfNewMember(hostile, endpoint) {
    await hostile.join(hostile.snapshot([alice]));
    const relay = { relayId: 'r', endpoint };
    hostile.say('member.joined', { revision: 2, member: carol, relay });
  },
  async function changedRelay(hostile, endpoint) {
    await hostile.join(hostile.snapshot([alice]));
    hostile.say('relays.changed', { relays: { [alice.id]: { relayId: 'r', endpoint } } });
  },
  async function candidate(hostile, endpoint) {
    await hostile.join(hostile.snapshot([alice]));
    await hostile.manager.waitConnected();
    const candidates = (['host', 'mapped', 'reflexive'] as const).map((kind) => ({ kind, endpoint }));
    hostile.say('path.attempt', { peerId: alice.id, attempt: 1, first: true, candidates });
  },
];

/** A server has WireGuard send where no player and no relay can be. */
export const unusableEndpoints: Attack = {
  name: 'endpoints of nobody',
  attacker: 'server',
  async play({ effort }) {
    const tries = places.flatMap((place) => unusable.map((endpoint) => ({ place, endpoint })));
    const played = shareOf(tries, effort);
    let through = 0;
    for (const { place, endpoint } of played) {
      const hostile = await HostileParty.start();
      try {
        await place(hostile, endpoint);
        await hostile.heard();
        if (hostile.network.endpoints.some((told) => told !== honestRelay.endpoint)) through += 1;
      } finally {
        await hostile.close();
      }
    }
    return { tried: played.length, through };
  },
};
