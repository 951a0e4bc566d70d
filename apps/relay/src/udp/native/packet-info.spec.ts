import { PacketInfos } from './packet-info';
import { SocketAddresses } from './socket-address';

const offset = 24;

describe('the local addresses of datagrams', () => {
  const infos = new PacketInfos(new SocketAddresses());

  it.each([
    ['IPv4', '192.0.2.7', '1c00000000000000' + '00000000' + '08000000' + '00000000c000020700000000', 32],
    [
      'IPv6',
      '2001:db8::7',
      '2400000000000000' + '29000000' + '32000000' + '20010db8000000000000000000000007' + '00000000',
      40,
    ],
    [
      'link-local',
      'fe80::7%3',
      '2400000000000000' + '29000000' + '32000000' + 'fe800000000000000000000000000007' + '03000000',
      40,
    ],
  ])('%s, both ways', (_name, address, hex, bytes) => {
    const buffer = Buffer.alloc(96, 0xff);
    expect(infos.write(address, buffer, offset)).toBe(bytes);
    expect(buffer.toString('hex', offset, offset + hex.length / 2)).toBe(hex);
    expect(infos.read(buffer, offset, bytes)).toBe(address);
  });

  it('are those that were asked, whichever device the datagrams came by', () => {
    const buffer = Buffer.alloc(64);
    infos.write('2001:db8::7', buffer, offset);
    buffer.writeUInt32LE(5, offset + 32);
    expect(infos.read(buffer, offset, 40)).toBe('2001:db8::7');
    infos.write('192.0.2.7', buffer, offset);
    buffer.writeUInt32LE(5, offset + 16);
    expect(infos.read(buffer, offset, 32)).toBe('192.0.2.7');
  });

  it('are not in other messages', () => {
    const buffer = Buffer.alloc(64);
    infos.write('192.0.2.7', buffer, offset);
    expect(infos.read(buffer, offset, 0)).toBeUndefined();
    expect(infos.read(buffer, offset, 24)).toBeUndefined();
    buffer.writeUInt32LE(103, offset + 12);
    expect(infos.read(buffer, offset, 32)).toBeUndefined();
  });
});
