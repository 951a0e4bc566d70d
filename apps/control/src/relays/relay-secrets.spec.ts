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
    expect(secrets.admit(relayId, secret)).toBe(admitted);
  });
});
