// `node sign-in-rounds.mjs COUNT`: signs in so many times within this process, and prints how many times it did.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const dist = (path) => require(`../../dist/${path}.js`);
const { computeProof, parsePrivateKey, publicKeyOf, sharedSecret } = dist('libs/shared/src/auth/proof');
const { BannedKeys } = dist('apps/control/src/auth/banned-keys');
const { SignIn } = dist('apps/control/src/auth/sign-in');
const { Tokens } = dist('apps/control/src/auth/tokens');
const { LoneNode } = dist('apps/control/src/cluster/lone-node');
const { readConfig } = dist('apps/control/src/config');

const config = readConfig({ LANRAGE_PUBLIC_URL: 'https://lanrage.example' });
const signIn = new SignIn(
  config,
  new LoneNode(),
  new Tokens('a secret of this test', 3600),
  new BannedKeys(),
);
const privateKey = parsePrivateKey(Buffer.alloc(32, 7));
const agentPublicKey = publicKeyOf(privateKey);
// A key pair of the server's lasts a minute. Here each sign-in has a new one, so that keys come and go with the garbage.
let nowMs = Date.now();

const reached = { host: 'lanrage.example', address: '127.0.0.1', port: 8080, clientAddress: '127.0.0.1' };
let count = 0;
while (count < Number(process.argv[2])) {
  nowMs += 60_000;
  const { challengeId, serverPublicKey, nonce } = await signIn.challenge(agentPublicKey, nowMs);
  const fields = { challengeId, agentPublicKey, serverPublicKey, serverName: 'lanrage.example' };
  const secret = sharedSecret(privateKey, serverPublicKey);
  const proof = computeProof(secret, { ...fields, nonce: Buffer.from(nonce, 'base64') });
  await signIn.redeem({ challengeId, proof }, reached, nowMs);
  count += 1;
}
console.log(count);
