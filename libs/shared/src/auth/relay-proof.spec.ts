import type { AnnouncedRelay } from '../api/relay-link';
import type { Endpoint } from '../endpoint';
import { relayProofs, type RelayTranscript } from './relay-proof';

const relay: AnnouncedRelay = {
  relayId: 'fra-1',
  region: 'eu',
  publicAddress: '192.0.2.1',
  ports: { first: 51_900, last: 52_155 },
  stunEndpoints: ['192.0.2.1:3478', '192.0.2.1:3479'] as Endpoint[],
  capacityPairs: 16_384,
  draining: false,
};
const transcript: RelayTranscript = {
  challengeId: 'c1',
  controlNonce: Buffer.alloc(32, 7),
  relayNonce: Buffer.alloc(32, 8),
  serverName: 'play.example:8080',
  relay,
};
const secret = 'a secret of relays';

describe('the proofs of a relay and a control plane', () => {
  it('are the values that docs/protocol.md publishes', () => {
    const { relay: ofRelay, control } = relayProofs(secret, transcript);
    expect(ofRelay.toString('hex')).toBe('798ae2f5e78e6a6355092a304bf833fbaf1d01fa16456350c9963189c24e6813');
    expect(control.toString('hex')).toBe('3be1273b66b3e30deac30e02bd99470dc75e5f5e38653e2ec91d77427ade0f06');
  });

  it('do not depend on how the name of the server is spelled', () => {
    const loud = { ...transcript, serverName: 'PLAY.example:8080' };
    expect(relayProofs(secret, loud)).toEqual(relayProofs(secret, transcript));
  });

  it.each<[string, string, Partial<RelayTranscript>]>([
    ['another secret', 'another secret', {}],
    ['another challenge', secret, { challengeId: 'c2' }],
    ['another nonce of the control plane', secret, { controlNonce: Buffer.alloc(32, 9) }],
    ['another nonce of the relay', secret, { relayNonce: Buffer.alloc(32, 9) }],
    ['another server', secret, { serverName: 'evil.example:8080' }],
    ['another name', secret, { relay: { ...relay, relayId: 'fra-2' } }],
    ['another region', secret, { relay: { ...relay, region: 'us' } }],
    ['another address', secret, { relay: { ...relay, publicAddress: '192.0.2.2' } }],
    ['other ports', secret, { relay: { ...relay, ports: { first: 51_900, last: 52_156 } } }],
    ['other STUN endpoints', secret, { relay: { ...relay, stunEndpoints: [] } }],
    ['another capacity', secret, { relay: { ...relay, capacityPairs: 1 } }],
    ['the word that it stops', secret, { relay: { ...relay, draining: true } }],
  ])('are other ones with %s', (_what, itsSecret, change) => {
    const [one, other] = [
      relayProofs(secret, transcript),
      relayProofs(itsSecret, { ...transcript, ...change }),
    ];
    const all = [one.relay, one.control, other.relay, other.control].map((proof) => proof.toString('hex'));
    expect(new Set(all).size).toBe(4);
  });
});
