import { randomBytes } from 'node:crypto';
import type { RemoteInfo, Socket } from 'node:dgram';
import { parseEndpoint, splitEndpoint, type Endpoint } from '#shared/endpoint';
import { decodeBindingResponse, encodeBindingRequest } from '#shared/stun/binding';
import type { MappingObservation } from './classification';

/** RFC 8489 section 6.2.1 with a shorter first time-out, so that three repetitions fit into 3 s. */
const sendTimesMs = [0, 250, 750, 1_750];

/**
 * Asks every server at once which address it sees this IPv4 socket at. Ends when all answered or the signal aborts;
 * servers that did not answer are left out.
 */
export async function probeMappings(
  socket: Socket,
  servers: readonly Endpoint[],
  signal: AbortSignal,
): Promise<MappingObservation[]> {
  const pending = new Map(servers.map((server) => [server, randomBytes(12)]));
  const observations: MappingObservation[] = [];
  const timers: NodeJS.Timeout[] = [];
  let onMessage: (datagram: Buffer, source: RemoteInfo) => void = () => undefined;
  await new Promise<void>((resolve) => {
    if (pending.size === 0 || signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    onMessage = (datagram, source) => {
      const observation = matchAnswer(datagram, source, pending);
      if (observation) observations.push(observation);
      if (pending.size === 0) resolve();
    };
    socket.on('message', onMessage);
    timers.push(...sendTimesMs.map((delayMs) => setTimeout(() => askAll(socket, pending), delayMs)));
  });
  timers.forEach(clearTimeout);
  socket.off('message', onMessage);
  return observations;
}

function askAll(socket: Socket, pending: ReadonlyMap<Endpoint, Buffer>): void {
  for (const [server, transactionId] of pending) {
    const { address, port } = splitEndpoint(server);
    // A server that cannot be reached from here is one that does not answer.
    socket.send(encodeBindingRequest(transactionId), port, address, () => undefined);
  }
}

/** Takes a server off the list when this is its answer; a refusal is an answer without an observation. */
function matchAnswer(
  datagram: Buffer,
  { address, port }: RemoteInfo,
  pending: Map<Endpoint, Buffer>,
): MappingObservation | undefined {
  const server = parseEndpoint(`${address}:${port}`);
  const transactionId = server && pending.get(server);
  const answer = transactionId && decodeBindingResponse(datagram, transactionId);
  if (!server || !answer) return undefined;
  pending.delete(server);
  return 'mappedAddress' in answer ? { server, mapped: answer.mappedAddress } : undefined;
}
