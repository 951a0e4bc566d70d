import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import type { VirtualIp } from '#shared/party/virtual-ip';
import type { CarriedPorts } from '../ports';
import { nextQuestion, questionsTo } from './questions';
import type { Shown } from './sighting';

/** Two round trips by a slow path. */
const WAIT_MS = 700;
const MOST_ANSWERS = 2_000;

/**
 * Asks the machines of a party which servers of games run on them, as the games themselves would.
 * Answers come to a socket of its own.
 */
export class GameSearch {
  private running: Promise<void> | undefined;

  /** @param hear gets each answer, and the address that it came from */
  constructor(private readonly hear: (address: string, shown: Shown) => void) {}

  /** Resolves when answers have had their time, 0.7 s. A search that is asked for meanwhile is that one. */
  search(ownIp: VirtualIp, players: readonly VirtualIp[], carried: CarriedPorts): Promise<void> {
    this.running ??= this.ask(ownIp, players, carried).finally(() => (this.running = undefined));
    return this.running;
  }

  private async ask(ownIp: VirtualIp, players: readonly VirtualIp[], carried: CarriedPorts): Promise<void> {
    const socket = createSocket('udp4');
    // What cannot be sent, or is refused, is nobody's fault: most machines run none of these games.
    socket.on('error', () => undefined);
    const asked = new Set<string>([ownIp, ...players]);
    // Servers that were asked again, as they wanted to see first that answers arrive.
    const askedAgain = new Set<string>();
    let answers = 0;
    socket.on('message', (payload, { address, port: sourcePort }: RemoteInfo) => {
      if (!asked.has(address) || ++answers > MOST_ANSWERS) return;
      const shown = { sourcePort, destinationPort: socket.address().port, payload };
      const next = nextQuestion(shown);
      if (next === undefined) return this.hear(address, shown);
      const place = `${address} ${sourcePort}`;
      if (askedAgain.has(place)) return;
      askedAgain.add(place);
      send(socket, next, sourcePort, address);
    });
    try {
      await new Promise<void>((resolve) => socket.once('error', () => resolve()).bind(0, ownIp, resolve));
      const questions = questionsTo(carried);
      for (const address of asked) {
        for (const { port, payload } of questions) send(socket, payload, port, address);
        // Before the next one, what else there is to do has its turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
      await delay(WAIT_MS);
    } finally {
      socket.close();
    }
  }
}

function send(socket: Socket, payload: Buffer, port: number, address: string): void {
  socket.send(payload, port, address, () => undefined);
}
