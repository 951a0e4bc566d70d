/** The STUN service on loopback, asked by coturn's clients, by a browser, and by our own codec. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import { encodeChangeRequest } from '#shared/stun/attributes';
import { decodeBindingResponse, encodeBindingRequest } from '#shared/stun/binding';
import { attributeType, type StunAttribute } from '#shared/stun/message';
import { defaultStunRates, type StunRates } from '../../apps/relay/src/stun/limits';
import { StunServer } from '../../apps/relay/src/stun/server';
import { bindUdp, closeUdp, PortUnavailableError } from '../../apps/relay/src/udp/bind';
import { chromiumPath, openBrowser } from './support/browser';
import { itWith } from './support/programs';

const run = promisify(execFile);
const coturnIt = itWith('turnutils_natdiscovery', '-h', 'coturn');
const chromiumIt = itWith(chromiumPath, '--version', 'chromium');

const unlimited = { source: 0, service: 0 };
const servers: StunServer[] = [];
const sockets: Socket[] = [];

/** The service on a first and perhaps a second loopback address, on any two ports. */
async function serve(address: string, second?: string, rates?: StunRates): Promise<StunServer> {
  const own = (bind: string) => ({ bind, public: bind });
  const addresses = second ? ([own(address), own(second)] as const) : ([own(address)] as const);
  const server = await StunServer.open(
    { addresses, port: 0, alternatePort: 0, ...(rates && { rates }) },
    (error) => {
      throw error;
    },
  );
  servers.push(server);
  return server;
}

/** The endpoints of a service: on two addresses the first port of both comes first. */
function endpointsOf({ endpoints }: StunServer): [Endpoint, Endpoint, Endpoint, Endpoint] {
  return endpoints as [Endpoint, Endpoint, Endpoint, Endpoint];
}

async function openSocket(address = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(0, address);
  sockets.push(socket);
  await once(socket, 'listening');
  return socket;
}

/** Sends one request and decodes the first answer, with the endpoint that it came from. */
async function ask(socket: Socket, server: Endpoint, ...attributes: StunAttribute[]) {
  const transactionId = randomBytes(12);
  const { address, port } = splitEndpoint(server);
  socket.send(encodeBindingRequest(transactionId, attributes), port, address);
  const [answer, from] = (await once(socket, 'message')) as [Buffer, RemoteInfo];
  const host = from.family === 'IPv6' ? `[${from.address}]` : from.address;
  return { from: `${host}:${from.port}`, response: decodeBindingResponse(answer, transactionId) };
}

const change = (address: boolean, port: boolean) => ({
  type: attributeType.changeRequest,
  value: encodeChangeRequest({ address, port }),
});

describe('the STUN service on loopback', () => {
  afterEach(async () => {
    await Promise.all(sockets.splice(0).map(closeUdp));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  describe("to coturn's clients", () => {
    const natdiscovery = async (server: StunServer, ...options: string[]) => {
      const { address, port } = splitEndpoint(endpointsOf(server)[0]);
      const args = [...options, '-p', String(port), '-L', address, address];
      return (await run('turnutils_natdiscovery', args, { timeout: 20_000 })).stdout;
    };

    // Padding makes requests and answers of 1500 bytes; -t asks for an answer to another port (RESPONSE-PORT).
    coturnIt.each([
      ['mapping', ['-m'], 'NAT with Endpoint Independent Mapping!'],
      ['mapping with big datagrams', ['-m', '-P'], 'NAT with Endpoint Independent Mapping!'],
      ['filtering', ['-f'], 'NAT with Endpoint Independent Filtering!'],
      ['filtering with big datagrams', ['-f', '-P'], 'NAT with Endpoint Independent Filtering!'],
      ['hairpinning', ['-H'], 'Received a request'],
      ['the lifetime of a mapping', ['-t', '-T', '1'], 'RFC 5780 response 2'],
      ['collisions', ['-c', '-A', '127.0.0.9'], 'UDP reflexive addr: 127.0.0.9:'],
    ])('shows %s', async (_name, options, verdict) => {
      const stdout = await natdiscovery(await serve('127.0.0.1', '127.0.0.2'), ...options);
      expect(stdout).toContain('No ALG: Mapped == XOR-Mapped');
      expect(stdout).toContain(verdict);
    });

    coturnIt(
      'answers from the other address and to another port, as turnutils_stunclient wants',
      async () => {
        const server = await serve('127.0.0.1', '127.0.0.2');
        const [first, , , alternate] = endpointsOf(server);
        const port = String(splitEndpoint(first).port);
        const { stdout } = await run('turnutils_stunclient', ['-p', port, '127.0.0.1'], { timeout: 20_000 });
        expect(stdout).toContain(`Response origin: : ${first}`);
        expect(stdout).toContain(`Response origin: : ${alternate}`);
        expect(stdout).toContain('RFC 5780 response 3');
      },
    );

    coturnIt.each(['127.0.0.1', '::1'])('tells a client of %s alone its address', async (address) => {
      const server = await serve(address);
      const port = String(splitEndpoint(endpointsOf(server)[0]).port);
      const { stdout } = await run('turnutils_stunclient', ['-p', port, address], { timeout: 20_000 });
      expect(stdout).toMatch(/UDP reflexive addr: (127\.0\.0\.1|\[?::1\]?):\d+/);
      expect(stdout).not.toContain('Other addr');
      expect(server.stats).toMatchObject({ answers: 1, ignored: 0, limited: unlimited });
    });
  });

  chromiumIt(
    'gives a browser its server-reflexive candidate',
    async () => {
      const server = await serve('127.0.0.1');
      const browser = await openBrowser('--allow-loopback-in-peer-connection');
      try {
        const page = await browser.newPage();
        const candidates = await page.evaluate<string[]>(gatherCandidates(endpointsOf(server)[0]));
        expect(candidates).toContainEqual(expect.stringMatching(/ 127\.0\.0\.1 \d+ typ srflx /));
        expect(server.stats.answers).toBeGreaterThanOrEqual(1);
        expect(server.stats.ignored).toBe(0);
      } finally {
        await browser.close();
      }
    },
    60_000,
  );

  it('answers from each of its four endpoints as asked', async () => {
    const server = await serve('127.0.0.1', '127.0.0.2');
    const [first, otherAddress, otherPort, otherBoth] = endpointsOf(server);
    const socket = await openSocket();
    const mappedAddress = `127.0.0.1:${socket.address().port}`;
    for (const [attribute, from] of [
      [change(false, false), first],
      [change(true, false), otherAddress],
      [change(false, true), otherPort],
      [change(true, true), otherBoth],
    ] as const) {
      expect(await ask(socket, first, attribute)).toEqual({
        from,
        response: { mappedAddress, responseOrigin: from, otherAddress: otherBoth },
      });
    }
  });

  it('changes the port over IPv6, and refuses an address that it does not have', async () => {
    const [first, otherPort] = endpointsOf(await serve('::1'));
    const socket = await openSocket('::1');
    const mappedAddress = `[::1]:${socket.address().port}`;
    expect(await ask(socket, first, change(false, true))).toEqual({
      from: otherPort,
      response: { mappedAddress, responseOrigin: otherPort },
    });
    const refusal = { from: first, response: { error: { code: 420, reason: 'Unknown Attribute' } } };
    expect(await ask(socket, first, change(true, true))).toEqual(refusal);
  });

  it('says nothing to noise', async () => {
    const server = await serve('127.0.0.1');
    const [endpoint] = endpointsOf(server);
    const socket = await openSocket();
    socket.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'), splitEndpoint(endpoint).port, '127.0.0.1');
    expect((await ask(socket, endpoint)).response).toMatchObject({ responseOrigin: endpoint });
    expect(server.stats).toEqual({ answers: 1, ignored: 1, limited: unlimited });
  });

  it('stops answering a source that asks too much, on whatever port', async () => {
    const server = await serve('127.0.0.1');
    const socket = await openSocket();
    const request = encodeBindingRequest(randomBytes(12));
    const asked = 400;
    for (let count = 0; count < asked; count++) {
      const { port } = splitEndpoint(endpointsOf(server)[count % 2 === 0 ? 0 : 1]);
      socket.send(request, port, '127.0.0.1');
    }
    const heard = () => server.stats.answers + server.stats.limited.source;
    while (heard() < asked) await new Promise(setImmediate);
    expect(server.stats.answers).toBeGreaterThanOrEqual(200);
    expect(server.stats.limited.source).toBeGreaterThan(100);
    expect(server.stats.limited.service).toBe(0);
  });

  it('answers all sources together no more than its own rate allows', async () => {
    const perService = { perSecond: 0, burst: 100 };
    const server = await serve('127.0.0.1', undefined, { ...defaultStunRates, perService });
    const { port } = splitEndpoint(endpointsOf(server)[0]);
    let heard = 0;
    for (let host = 1; host <= 250; host++) {
      const socket = await openSocket(`127.0.1.${host}`);
      socket.on('message', () => heard++);
      socket.send(encodeBindingRequest(randomBytes(12)), port, '127.0.0.1');
    }
    const { stats } = server;
    while (stats.answers + stats.limited.service < 250 || heard < stats.answers) {
      await new Promise(setImmediate);
    }
    expect({ heard, ...stats }).toEqual({
      heard: 100,
      answers: 100,
      ignored: 0,
      limited: { source: 0, service: 150 },
    });
  });

  it('opens all of its sockets or none', async () => {
    const [, , taken] = endpointsOf(await serve('127.0.0.1', '127.0.0.2'));
    const addresses = [
      { bind: '127.0.0.3', public: '127.0.0.3' },
      { bind: '127.0.0.1', public: '127.0.0.1' },
    ] as const;
    const { port: alternatePort } = splitEndpoint(taken);
    const refused = StunServer.open({ addresses, port: 0, alternatePort }, () => undefined);
    await expect(refused).rejects.toThrow(PortUnavailableError);
    await closeUdp(await bindUdp('127.0.0.3', alternatePort));
    const elsewhere = { addresses: [{ bind: '192.0.2.250', public: '192.0.2.250' }] as const };
    const misplaced = StunServer.open({ ...elsewhere, port: 0, alternatePort: 0 }, () => undefined);
    await expect(misplaced).rejects.toThrow('of 192.0.2.250 is not available');
  });
});

/** JavaScript for a page: gathers ICE candidates with one STUN server and resolves to their lines. */
function gatherCandidates(server: Endpoint): string {
  return `new Promise((resolve) => {
    const connection = new RTCPeerConnection({ iceServers: [{ urls: 'stun:${server}' }] });
    const candidates = [];
    connection.onicecandidate = ({ candidate }) =>
      candidate ? candidates.push(candidate.candidate) : resolve(candidates);
    connection.createDataChannel('game');
    connection.createOffer().then((offer) => connection.setLocalDescription(offer));
  })`;
}
