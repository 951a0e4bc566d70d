import { udpReachOf, type UdpObservations } from './udp-reach';

const figure = (roundTripMs: number | null) => ({ id: 'fra-1', region: 'eu', roundTripMs });
const nothing: UdpObservations = {
  figures: [],
  isOtherAnswering: false,
  hasIpv4: true,
  carriers: new Set(),
};

describe('from whom there are answers by UDP', () => {
  it.each<[string, Partial<UdpObservations>, string]>([
    ['nothing was tried', {}, 'unknown'],
    ['one relay of two answers', { figures: [figure(null), figure(20)] }, 'relays'],
    ['no relay answers', { figures: [figure(null)] }, 'nobody'],
    ['no relay answers, and there is no IPv4', { figures: [figure(null)], hasIpv4: false }, 'no_ipv4'],
    ['a relay answers by IPv6 alone', { figures: [figure(20)], hasIpv4: false }, 'relays'],
    [
      'a game is relayed, though STUN is silent',
      { figures: [figure(null)], carriers: new Set(['relay']) },
      'relays',
    ],
    ['a game is relayed, and nothing was measured', { carriers: new Set(['relay']) }, 'relays'],
    [
      'a game goes through the internet, though no relay answers',
      { figures: [figure(null)], carriers: new Set(['internet']) },
      'players',
    ],
    ['another STUN server answers', { figures: [figure(null)], isOtherAnswering: true }, 'players'],
    ['another STUN server answers, and no relay is known', { isOtherAnswering: true }, 'unknown'],
  ])('%s', (_name, observed, reach) => {
    expect(udpReachOf({ ...nothing, ...observed })).toBe(reach);
  });
});
