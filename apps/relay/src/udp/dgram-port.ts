import { clockMs } from '../clock';
import { bindUdp, closeUdp } from './bind';
import type { OpenUdpPort } from './udp-port';

/** A port by node:dgram, one datagram at a time; everywhere. */
export const openDgramPort: OpenUdpPort = async (local, listener) => {
  const socket = await bindUdp(local.address, local.port);
  socket.on('error', (error) => listener.failed(error));
  socket.on('message', (datagram, source) => {
    const to = listener.received(datagram, source, clockMs());
    if (to) socket.send(datagram, to.port, to.address);
  });
  return {
    port: socket.address().port,
    send: (datagram, to) => socket.send(datagram, to.port, to.address),
    close: () => closeUdp(socket),
  };
};
