import type { Attack } from './attack';
import { sharedFlood, unaskedPackets } from './sockets/after-sign-in';
import {
  defaultNamespace,
  largeBeforeSignIn,
  pipelinedConnects,
  tokenGuesses,
} from './sockets/before-sign-in';
import { manyConnections, silentConnections, silentSockets } from './sockets/connections';

export const attacks: readonly Attack[] = [
  defaultNamespace,
  pipelinedConnects,
  tokenGuesses,
  largeBeforeSignIn,
  silentSockets,
  silentConnections,
  manyConnections,
  unaskedPackets,
  sharedFlood,
];
