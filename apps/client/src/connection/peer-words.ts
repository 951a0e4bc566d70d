import type { NetworkManager } from '../network/network-manager';
import type { ConnectionManager } from './connection-manager';

/** Has the connections hear what peers' agents say of the paths, and when the interface was repaired. */
export function passOn(network: NetworkManager, connections: ConnectionManager): void {
  network.on('peerSent', (virtualIp) => void connections.peerSent(virtualIp));
  network.on('peerChecked', (...check) => void connections.peerChecked(...check));
  network.on('peerHeard', (...heard) => void connections.peerHeard(...heard));
  network.on('sizeAnswered', (...answer) => connections.sizeAnswered(...answer));
  network.on('peerMoved', (virtualIp) => connections.peerMoved(virtualIp));
  network.on('repaired', () => connections.packetLimitsLost());
}
