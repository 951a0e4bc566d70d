import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Host } from '../../lab/host';
import { collectOutput, end, until } from './processes';

const receive = {
  udp: `const s = require('dgram').createSocket('udp4');
    s.on('message', (m) => { console.log(String(m)); s.close(); });
    s.bind(PORT, () => console.error('ready'));`,
  tcp: `require('net').createServer((c) => { let text = '';
    c.on('data', (d) => (text += d)).on('end', () => { console.log(text); process.exit(); });
    }).listen(PORT, () => console.error('ready'));`,
};

const send = {
  udp: `require('dgram').createSocket('udp4').send(TEXT, PORT, HOST, function () { this.close(); });`,
  tcp: `require('net').connect(PORT, HOST).end(TEXT);`,
};

let nextPort = 27_015;

/** Sends `text` from one host to another's address, as a game would. Resolves with what arrived. */
export async function carry(
  protocol: 'udp' | 'tcp',
  from: Host,
  to: Host,
  address: string,
  text: string,
): Promise<string> {
  const port = nextPort++;
  const receiver = to.spawn([process.execPath, '-e', receive[protocol].replaceAll('PORT', String(port))]);
  const output = collectOutput(receiver);
  await until('the receiver listens', () => output.stderr.includes('ready'));
  const script = send[protocol]
    .replace('PORT', String(port))
    .replace('HOST', JSON.stringify(address))
    .replace('TEXT', JSON.stringify(text));
  await from.exec([process.execPath, '-e', script]);
  await until(`${protocol} from ${from.name} reaches ${to.name}`, () => receiver.exitCode !== null, {
    timeoutMs: 5000,
  }).finally(() => end(receiver, 'SIGKILL'));
  return output.stdout.trim();
}

/** Captures what a host sends and receives; `stop` gives the raw bytes. */
export async function capture(host: Host, device: string): Promise<{ stop: () => Promise<Buffer> }> {
  const file = join(tmpdir(), `lanrage-${randomUUID()}.pcap`);
  const tcpdump = host.spawn([
    'tcpdump',
    '-i',
    device,
    '-U',
    '--immediate-mode',
    '-s',
    '0',
    '-w',
    file,
    '-Z',
    'root',
  ]);
  const output = collectOutput(tcpdump);
  await until('tcpdump listens', () => output.stderr.includes('listening'));
  return {
    stop: async () => {
      await end(tcpdump, 'SIGINT');
      const bytes = await readFile(file);
      await rm(file);
      return bytes;
    },
  };
}
