/** The STUN service on loopback, asked by coturn's client and by our own. */
import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { decodeBindingResponse, encodeBindingRequest } from '#shared/stun/binding';
import { StunServer } from '../../apps/relay/src/stun/server';
import { closeUdp } from '../../apps/relay/src/udp/bind';

const loopback = '127.0.0.1';
const run = promisify(execFile);

describe('the STUN service on loopback', () => {
  let server: StunServer;
  beforeEach(async () => {
    server = await StunServer.open(loopback, 0, (error) => {
      throw error;
    });
  });
  afterEach(() => server.close());

  const coturn = spawnSync('turnutils_stunclient', ['-h']).error === undefined;
  if (!coturn && process.env['CI'] !== 'true') {
    process.stderr.write('Skipped: turnutils_stunclient is not installed (Debian package coturn).\n');
  }
  (coturn || process.env['CI'] === 'true' ? it : it.skip)(
    "satisfies coturn's turnutils_stunclient",
    async () => {
      const { stdout } = await run('turnutils_stunclient', ['-p', String(server.port), loopback]);
      expect(stdout).toMatch(/UDP reflexive addr: 127\.0\.0\.1:\d+/);
      expect(server.stats).toEqual({ answers: 1, ignored: 0, limited: 0 });
    },
  );

  it('sees the address that a socket has, and says nothing to noise', async () => {
    const socket = createSocket('udp4').bind(0, loopback);
    await once(socket, 'listening');
    const transactionId = randomBytes(12);
    socket.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'), server.port, loopback);
    socket.send(encodeBindingRequest(transactionId), server.port, loopback);
    const [answer] = (await once(socket, 'message')) as [Buffer];
    const mappedAddress = `${loopback}:${socket.address().port}`;
    expect(decodeBindingResponse(answer, transactionId)).toEqual({ mappedAddress });
    expect(server.stats).toEqual({ answers: 1, ignored: 1, limited: 0 });
    await closeUdp(socket);
  });

  it('stops answering a source that asks too much', async () => {
    const socket = createSocket('udp4').bind(0, loopback);
    await once(socket, 'listening');
    const request = encodeBindingRequest(randomBytes(12));
    const asked = 400;
    for (let count = 0; count < asked; count++) socket.send(request, server.port, loopback);
    const heard = () => server.stats.answers + server.stats.limited;
    while (heard() < asked) await new Promise(setImmediate);
    expect(server.stats.answers).toBeGreaterThanOrEqual(200);
    expect(server.stats.limited).toBeGreaterThan(100);
    await closeUdp(socket);
  });
});
