import { createHmac } from 'node:crypto';

/** HMAC-SHA256(key, label ‖ fields), each field after its length in bytes as 32-bit big-endian. @returns 32 bytes */
export function macOf(key: Buffer, label: string, fields: readonly Buffer[]): Buffer {
  const hmac = createHmac('sha256', key).update(label);
  for (const field of fields) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    hmac.update(length).update(field);
  }
  return hmac.digest();
}
