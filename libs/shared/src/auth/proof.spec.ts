import { computeProof, proofMatches, publicKeyOf, sharedSecret, type ProofInput } from './proof';

// RFC 7748 section 6.1
const alicePrivate = Buffer.from('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a', 'hex');
const alicePublic = Buffer.from(
  '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  'hex',
).toString('base64');
const bobPrivate = Buffer.from('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb', 'hex');
const bobPublic = Buffer.from(
  'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  'hex',
).toString('base64');
const secret = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';

const input: ProofInput = {
  challengeId: 'c1',
  nonce: Buffer.alloc(32, 7),
  agentPublicKey: alicePublic,
  serverPublicKey: bobPublic,
  serverName: 'play.example:8080',
};

describe('key agreement (RFC 7748 section 6.1)', () => {
  it('derives public keys', () => {
    expect(publicKeyOf(alicePrivate)).toBe(alicePublic);
    expect(publicKeyOf(bobPrivate)).toBe(bobPublic);
  });

  it('gives both sides the same secret', () => {
    expect(sharedSecret(alicePrivate, bobPublic).toString('hex')).toBe(secret);
    expect(sharedSecret(bobPrivate, alicePublic).toString('hex')).toBe(secret);
  });
});

describe('sign-in proof', () => {
  const proof = computeProof(Buffer.from(secret, 'hex'), input);

  it('is the value that docs/protocol.md publishes', () => {
    expect(proof.toString('hex')).toBe('95cbf6d431ab124b66f2b5a70f5429c84d4fb636f39f7e3a69139ae8c8162730');
  });

  it('takes the server name in any case', () => {
    expect(computeProof(Buffer.from(secret, 'hex'), { ...input, serverName: 'PLAY.Example:8080' })).toEqual(
      proof,
    );
  });

  it.each([
    ['another challenge', { challengeId: 'c2' }],
    ['another nonce', { nonce: Buffer.alloc(32, 8) }],
    ['another agent', { agentPublicKey: bobPublic }],
    ['another server key', { serverPublicKey: alicePublic }],
    ['another server', { serverName: 'play.example:8081' }],
    [
      'a field that swallows its neighbour',
      { challengeId: 'c', nonce: Buffer.concat([Buffer.from('1'), input.nonce]) },
    ],
  ])('differs for %s', (_, change) => {
    expect(proofMatches(proof, computeProof(Buffer.from(secret, 'hex'), { ...input, ...change }))).toBe(
      false,
    );
  });

  it('compares without throwing on another length', () => {
    expect(proofMatches(proof, proof.subarray(1))).toBe(false);
    expect(proofMatches(proof, Buffer.from(proof))).toBe(true);
  });
});
