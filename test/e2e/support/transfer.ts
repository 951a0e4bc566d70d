import type { Host } from '../../lab/host';
import { collectOutput, end, until } from './processes';

const receive = `let count = 0;
require('net').createServer((connection) => {
  connection.on('data', ({ length }) => (count += length)).on('end', () => { console.log(count); process.exit(); });
}).listen(PORT, () => console.error('ready'));`;
const send = `require('net').connect(PORT, HOST).end(Buffer.alloc(BYTES, 1));`;

let nextPort = 25_565;

/**
 * Sends so many bytes over TCP from one host to another's address, as a game with a world to load would.
 * @returns how many arrived
 * @throws Error when the transfer is not through in this time
 */
export async function transfer(
  from: Host,
  to: Host,
  address: string,
  bytes: number,
  timeoutMs: number,
): Promise<number> {
  const port = String(nextPort++);
  const receiver = to.spawn([process.execPath, '-e', receive.replace('PORT', port)]);
  const output = collectOutput(receiver);
  await until('the receiver listens', () => output.stderr.includes('ready'));
  const script = send
    .replace('PORT', port)
    .replace('HOST', JSON.stringify(address))
    .replace('BYTES', String(bytes));
  const sender = from.spawn([process.execPath, '-e', script]);
  const isThrough = () => receiver.exitCode !== null;
  const what = `TCP from ${from.name} to ${to.name} is through`;
  await until(what, isThrough, { timeoutMs }).finally(() =>
    Promise.all([receiver, sender].map((child) => end(child, 'SIGKILL'))),
  );
  return Number(output.stdout);
}
