import { udpReaches } from '#shared/party/udp-reach';
import { causeOf, isHopeless, othersReach, unreachedCauses, type Evidence } from './causes';

/** Both get answers from the relay, and nothing is known beyond that. */
const usual: Evidence = {
  server: 'there',
  own: 'relays',
  peer: 'unknown',
  others: 'unknown',
  isRelaying: false,
};

describe('why two players do not reach each other', () => {
  it.each<[string, Partial<Evidence>, string]>([
    ['server and relay are silent', { server: 'away', own: 'nobody' }, 'server_down'],
    [
      'server and relay are silent, whatever was said before',
      { server: 'away', own: 'nobody', peer: 'relays', others: 'relays' },
      'server_down',
    ],
    [
      'server and relay are silent, though players are not',
      { server: 'away', own: 'players' },
      'server_down',
    ],
    ['the server is silent, the relay is not', { server: 'away' }, 'peer_unknown'],
    [
      'nobody answers here, though others hear a relay',
      { own: 'nobody', others: 'relays' },
      'own_udp_blocked',
    ],
    [
      'nobody answers here, whether the other player is blocked as well or not',
      { own: 'nobody', peer: 'nobody', others: 'relays' },
      'own_udp_blocked',
    ],
    [
      'no relay answers here, though others hear one and players are reached',
      { own: 'players', others: 'relays' },
      'own_udp_blocked',
    ],
    ['no relay answers anybody', { own: 'nobody', peer: 'nobody', others: 'nobody' }, 'relays_unreachable'],
    ['no relay answers, though this network lets UDP out', { own: 'players' }, 'relays_unreachable'],
    ['nobody answers here, and nobody else has tried', { own: 'nobody' }, 'udp_undecided'],
    ['the other agent has lost the server', { peer: 'away' }, 'peer_away'],
    ['there is no IPv4 here, where relays are', { own: 'no_ipv4', others: 'relays' }, 'no_ipv4'],
    ['there is no IPv4 at the other player', { peer: 'no_ipv4', others: 'relays' }, 'peer_no_ipv4'],
    ['nobody answers the other player', { peer: 'nobody', others: 'nobody' }, 'peer_udp_blocked'],
    ['no relay answers the other player', { peer: 'players' }, 'peer_udp_blocked'],
    ['only this player is silent', { peer: 'relays', others: 'relays', isRelaying: true }, 'peer_silent'],
    [
      'both hear the relay, and it carries nothing',
      { peer: 'relays', others: 'relays' },
      'relay_ports_closed',
    ],
    ['the other agent is of an older version', {}, 'no_answer'],
    ['nothing is known', { own: 'unknown' }, 'no_answer'],
  ])('%s', (_name, evidence, cause) => {
    expect(causeOf({ ...usual, ...evidence })).toBe(cause);
  });

  it('has a case for each cause, and a cause for each case', () => {
    const all = (['there', 'away'] as const).flatMap((server) =>
      udpReaches.flatMap((own) =>
        [...udpReaches, 'away' as const].flatMap((peer) =>
          (['relays', 'nobody', 'unknown'] as const).flatMap((others) =>
            [true, false].map((isRelaying) => causeOf({ server, own, peer, others, isRelaying })),
          ),
        ),
      ),
    );
    expect(new Set(all)).toEqual(new Set(unreachedCauses));
  });

  it('blames nobody whose packets pass', () => {
    expect(causeOf({ ...usual, peer: 'nobody', others: 'relays' })).toBe('peer_udp_blocked');
    expect(causeOf({ ...usual, own: 'nobody', peer: 'relays', others: 'relays' })).toBe('own_udp_blocked');
  });

  it('is told at once where waiting cannot help', () => {
    expect(isHopeless({ ...usual, peer: 'nobody' })).toBe(true);
    expect(isHopeless({ ...usual, peer: 'relays' })).toBe(false);
    expect(isHopeless({ ...usual, server: 'away', own: 'nobody' })).toBe(false);
  });
});

describe('what the others say', () => {
  it.each([
    [[], 'unknown'],
    [['unknown'], 'unknown'],
    [['unknown', 'nobody'], 'nobody'],
    [['players'], 'nobody'],
    [['nobody', 'relays'], 'relays'],
  ] as const)('%j is %s', (said, reach) => {
    expect(othersReach(said)).toBe(reach);
  });
});
