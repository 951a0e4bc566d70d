/**
 * A UDP socket whose datagrams leave in one piece, or not at all, whatever MTU a route has: for probes that are larger than what
 * else is sent to a peer. Node has no such option, so the socket is made by system calls. Linux alone.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { System } from '#runtime/native/system';

/** See socket(2) and ip(7). */
const ipv4Family = 2;
/** A datagram socket that does not block and that programs which are started do not inherit. */
const socketType = 2 | 0o4000 | 0o2000000;
const ipLevel = 0;
const mtuDiscover = 10;
/** Never fragment, and take the device's MTU for the path's. */
const pmtudiscProbe = 3;
const addressBytes = 16;

/**
 * Opens a socket at an address of this machine. It listens when it says so.
 * @param address IPv4
 * @returns null when it cannot be had, for example as the port is taken
 */
export function openWhole(system: System, address: string, port: number): Socket | null {
  const fd = system.socket(ipv4Family, socketType, 0);
  if (fd < 0) return null;
  const value = Buffer.alloc(4);
  value.writeInt32LE(pmtudiscProbe);
  const name = Buffer.alloc(addressBytes);
  name.writeUInt16LE(ipv4Family);
  name.writeUInt16BE(port, 2);
  name.set(address.split('.').map(Number), 4);
  const isReady =
    system.setOption(fd, ipLevel, mtuDiscover, value, value.length) === 0 &&
    system.bind(fd, name, name.length) === 0;
  if (!isReady) {
    system.close(fd);
    return null;
  }
  const socket = createSocket('udp4');
  socket.bind({ fd });
  return socket;
}
