import { randomBytes } from 'node:crypto';
import { chmodSync, statSync } from 'node:fs';
import { publicKeyOf } from '#shared/auth/proof';
import { peerIdOf, type PeerId } from '#shared/party/identity';
import { parsePublicKey, type PublicKey } from '#shared/wireguard/key';
import { createOwnFile, homePaths, makeHome, readOwnFile } from './home';
import { damagedFile, inHome } from './home-failure';

/** A player's WireGuard key pair, and the peer id that follows from it. */
export interface Identity {
  /** 32 bytes */
  readonly privateKey: Buffer;
  readonly publicKey: PublicKey;
  readonly peerId: PeerId;
}

const KEY_BYTES = 32;

/**
 * The identity kept in a state folder, as base64 like `wg genkey` writes it; made at the first call.
 * @throws LanrageError HOME_FILE_DAMAGED when the file holds no key, HOME_NOT_SAFE, or as {@link inHome}
 */
export function loadIdentity(home: string): Identity {
  makeHome(home);
  const path = homePaths(home).identity;
  const text = readOwnFile(path) ?? createKeyFile(path);
  const privateKey = Buffer.from(text.trim(), 'base64');
  const publicKey = privateKey.length === KEY_BYTES ? parsePublicKey(publicKeyOf(privateKey)) : undefined;
  if (!publicKey)
    throw damagedFile(
      path,
      'Put the right one back, or delete the file to become a new player, of another id.',
    );
  inHome(path, () => {
    if ((statSync(path).mode & 0o777) !== 0o600) chmodSync(path, 0o600);
  });
  return { privateKey, publicKey, peerId: peerIdOf(publicKey) };
}

/** The key of an agent that started at the same moment wins. */
function createKeyFile(path: string): string {
  const text = `${generatePrivateKey().toString('base64')}\n`;
  return createOwnFile(path, text) ? text : (readOwnFile(path) ?? '');
}

function generatePrivateKey(): Buffer {
  const key = randomBytes(KEY_BYTES);
  // RFC 7748 section 5: decodeScalar25519. `wg` prints keys clamped.
  key.writeUInt8(key.readUInt8(0) & 0xf8, 0);
  key.writeUInt8((key.readUInt8(KEY_BYTES - 1) & 0x7f) | 0x40, KEY_BYTES - 1);
  return key;
}
