import { relayProofs, type RelayTranscript } from '#shared/auth/relay-proof';
import { RelaySecrets } from './relay-secrets';

describe('RelaySecrets', () => {
  const secrets = new RelaySecrets(
    ['shared', 'shared before'],
    [
      ['fra-1', 'of fra'],
      ['fra-1', 'of fra before'],
      ['nyc-1', 'of nyc'],
    ],
  );
  const transcriptOf = (relayId: string): RelayTranscript => ({
    challengeId: 'c1',
    controlNonce: Buffer.alloc(32, 1),
    relayNonce: Buffer.alloc(32, 2),
    serverName: 'play.example',
    relay: {
      ...{ relayId, region: 'eu', publicAddress: '192.0.2.1', ports: { first: 51_900, last: 52_155 } },
      ...{ stunEndpoints: [], capacityPairs: 10, draining: false },
    },
  });

  it.each<[string, string, boolean]>([
    ['home', 'shared', true],
    ['home', 'shared before', true],
    ['home', 'of fra', false],
    ['home', 'guessed', false],
    ['fra-1', 'of fra', true],
    ['fra-1', 'of fra before', true],
    ['fra-1', 'of nyc', false],
    ['fra-1', 'shared', false],
    ['nyc-1', 'of fra', false],
    ['nyc-1', 'of nyc', true],
  ])('%s with the secret "%s": %s', (relayId, secret, admitted) => {
    const transcript = transcriptOf(relayId);
    const proofs = relayProofs(secret, transcript);
    expect(secrets.answer(transcript, proofs.relay)).toEqual(admitted ? proofs.control : null);
  });

  it('takes what it would show itself for no proof of a relay', () => {
    const transcript = transcriptOf('home');
    expect(secrets.answer(transcript, relayProofs('shared', transcript).control)).toBeNull();
  });

  it('knows who has a secret of its own', () => {
    expect(['home', 'fra-1', 'toString'].map((relayId) => secrets.hasOwn(relayId))).toEqual([
      false,
      true,
      false,
    ]);
  });
});
