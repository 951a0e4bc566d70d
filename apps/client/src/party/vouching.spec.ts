import { randomBytes } from 'node:crypto';
import { publicKeyOf } from '#shared/auth/proof';
import { peerIdOf } from '#shared/party/identity';
import { keyFingerprint } from '#shared/party/invite';
import { parsePublicKey, type PublicKey } from '#shared/wireguard/key';
import { isHostGenuine, refusalOfMember, voucherFor, vouchingOf } from './vouching';

const [partyKey, otherKey] = [Buffer.alloc(16, 7), Buffer.alloc(16, 8)];
const newMember = (key: Buffer | null) => {
  const publicKey = parsePublicKey(publicKeyOf(randomBytes(32))) as PublicKey;
  return { id: peerIdOf(publicKey), publicKey, voucher: key && voucherFor(key, publicKey) };
};
const friend = newMember(partyKey);
const byId = newMember(null);
const mallory = newMember(otherKey);
const ghost = { ...newMember(null), voucher: friend.voucher };
const swapped = { ...friend, publicKey: mallory.publicKey };

it('a voucher has a vector', () => {
  expect(voucherFor(partyKey, Buffer.alloc(32, 1).toString('base64'))).toBe(
    'nYk8T+K2wGvZajyHPPOKsqfYOUgf4UuWExNJzCWTtxQ=',
  );
});

it.each([
  ['who knows the party key', friend, 'vouched', null, null],
  ['who came by the bare id', byId, 'unvouched', null, 'not_vouched'],
  ['with the voucher of another party', mallory, 'forged', 'forged', 'forged'],
  ["with somebody else's voucher", ghost, 'forged', 'forged', 'forged'],
  ["with another key than the id's", swapped, 'forged', 'forged', 'forged'],
  ['whose voucher is no MAC', { ...friend, voucher: 'AAAA' }, 'forged', 'forged', 'forged'],
] as const)('a member %s', (_who, member, vouching, refusal, refusalWhenSealed) => {
  expect(vouchingOf(member, partyKey)).toBe(vouching);
  expect(refusalOfMember(member, { key: partyKey, sealed: false })?.code ?? null).toBe(refusal);
  expect(refusalOfMember(member, { key: partyKey, sealed: true })?.code ?? null).toBe(refusalWhenSealed);
});

it('without the party key only a key that is not of the id is noticed', () => {
  const codes = [friend, byId, mallory, ghost, swapped].map(
    (member) => refusalOfMember(member, { key: null, sealed: true })?.code ?? null,
  );
  expect(codes).toEqual([null, null, null, null, 'forged']);
});

it.each([
  ['who made the link', byId, byId, true],
  ['whom the party key vouches for, when the other one has left', friend, byId, true],
  ['who made the link, with a voucher that is none', mallory, mallory, false],
  ['whose key was swapped', swapped, friend, false],
  ['nobody knows', ghost, friend, false],
  ['who only came by the id', byId, friend, false],
])('a host %s', (_who, host, inviter, genuine) => {
  const hostFingerprint = keyFingerprint(inviter.publicKey);
  expect(isHostGenuine(host.id, [host], { partyKey, hostFingerprint })).toBe(genuine);
  expect(isHostGenuine(host.id, [], { partyKey, hostFingerprint })).toBe(false);
});
