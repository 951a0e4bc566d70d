/** Datagrams that the kernel dropped because a socket's buffer was full: more came than this process can read. */
import { readFileSync } from 'node:fs';

/** Linux's tables of sockets, see proc(5): the local address in hex with the port, and drops in the last column. */
const tables = ['/proc/net/udp', '/proc/net/udp6'];

/** Adds up what the sockets of given ports lost, also of those that are closed later. */
export class Overflows {
  readonly #seen = new Map<number, number>();
  #total = 0;

  /** So far, as of the last call for ports that are open no more; 0 where there are no such tables. */
  total(ports: ReadonlySet<number>): number {
    const now = new Map<number, number>();
    for (const { port, drops } of tables.flatMap(readTable)) {
      if (ports.has(port)) now.set(port, (now.get(port) ?? 0) + drops);
    }
    for (const [port, drops] of now) {
      const before = this.#seen.get(port) ?? 0;
      // Fewer than before: another socket has the port now.
      this.#total += drops >= before ? drops - before : drops;
    }
    this.#seen.clear();
    now.forEach((drops, port) => this.#seen.set(port, drops));
    return this.#total;
  }
}

function readTable(path: string): { port: number; drops: number }[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(1, -1).map(parseLine);
  } catch {
    return [];
  }
}

function parseLine(line: string): { port: number; drops: number } {
  const columns = line.trim().split(/\s+/);
  return { port: parseInt(columns[1]?.split(':')[1] ?? '', 16), drops: Number(columns.at(-1)) };
}
