import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { publicKeyOf } from '#shared/auth/proof';
import { LanrageError } from '#shared/errors';
import { peerIdOf, type PeerId } from '#shared/party/identity';
import { parsePublicKey, type PublicKey } from '#shared/wireguard/key';
import { homePaths, makeHome } from './home';

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
 * @throws LanrageError INVALID_PUBLIC_KEY when the file holds no key
 */
export function loadIdentity(home: string): Identity {
  const path = homePaths(home).identity;
  const text = readIfPresent(path) ?? createKeyFile(home, path);
  const privateKey = Buffer.from(text.trim(), 'base64');
  const publicKey = privateKey.length === KEY_BYTES ? parsePublicKey(publicKeyOf(privateKey)) : undefined;
  if (!publicKey) {
    throw new LanrageError('INVALID_PUBLIC_KEY', {
      message: `${path} holds no WireGuard key. Put the right one back, or delete the file to become a new player.`,
    });
  }
  chmodSync(path, 0o600);
  return { privateKey, publicKey, peerId: peerIdOf(publicKey) };
}

function createKeyFile(home: string, path: string): string {
  makeHome(home);
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, `${generatePrivateKey().toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // Unlike a rename, a link never replaces the key of an agent that started at the same moment.
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary);
  }
  return readFileSync(path, 'utf8');
}

function generatePrivateKey(): Buffer {
  const { privateKey } = generateKeyPairSync('x25519');
  const key = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-KEY_BYTES);
  // RFC 7748 section 5: decodeScalar25519. `wg` prints keys clamped.
  key.writeUInt8(key.readUInt8(0) & 0xf8, 0);
  key.writeUInt8((key.readUInt8(KEY_BYTES - 1) & 0x7f) | 0x40, KEY_BYTES - 1);
  return key;
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
