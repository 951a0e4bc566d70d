/** NAT discovery on loopback: a port that is handed over meanwhile, and servers that know less than they should. */
import type { RemoteInfo, Socket } from 'node:dgram';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { formatEndpoint, parseEndpoint, type Endpoint } from '#shared/endpoint';
import { encodeAddress, encodeXorAddress } from '#shared/stun/attributes';
import {
  attributeType,
  attributeValue,
  decodeMessage,
  encodeMessage,
  type StunAttribute,
} from '#shared/stun/message';
import { NATTraversal } from '../../apps/client/src/nat/nat-traversal';
import { StunServer } from '../../apps/relay/src/stun/server';
import { bindUdp, closeUdp } from '../../apps/relay/src/udp/bind';
import { until } from './support/processes';

const loopback = '127.0.0.1';
const open: { close: () => unknown }[] = [];

async function serve(): Promise<StunServer> {
  const addresses = [{ bind: loopback, public: loopback }] as const;
  const server = await StunServer.open({ addresses, port: 0, alternatePort: 0 }, (error) => {
    throw error;
  });
  open.push(server);
  return server;
}

async function bind(): Promise<{ socket: Socket; endpoint: Endpoint }> {
  const socket = await bindUdp(loopback, 0);
  open.push({ close: () => closeUdp(socket) });
  return { socket, endpoint: formatEndpoint(socket.address()) };
}

/** A server with two ports that says of itself what it is told to, and never answers from another endpoint. */
async function serveAsToldTo({ claims, isDeafToChanges }: Manners): Promise<Endpoint[]> {
  const ports = await Promise.all([bind(), bind()]);
  for (const { socket } of ports) {
    socket.on('message', (datagram: Buffer, source: RemoteInfo) => {
      const request = decodeMessage(datagram);
      const isChange = request && attributeValue(request, attributeType.changeRequest) !== undefined;
      if (!request || (isChange && isDeafToChanges)) return;
      const { method, transactionId } = request;
      const mapped = {
        type: attributeType.xorMappedAddress,
        value: encodeXorAddress(source, transactionId),
      };
      const attributes = [mapped, ...claims];
      socket.send(
        encodeMessage({ class: 'success', method, transactionId, attributes }),
        source.port,
        source.address,
      );
    });
  }
  return ports.map(({ endpoint }) => endpoint);
}

interface Manners {
  readonly claims: readonly StunAttribute[];
  readonly isDeafToChanges: boolean;
}

const claim = (type: number, address: string, port: number): StunAttribute => ({
  type,
  value: encodeAddress({ address, port }),
});

describe('NAT discovery on loopback', () => {
  afterEach(async () => {
    jest.restoreAllMocks();
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  it('lets go of the port at once, and keeps what it has learnt of it', async () => {
    const server = await serve();
    const silent = await bind();
    const nat = new NATTraversal(() => Promise.resolve([...server.endpoints.slice(0, 1), silent.endpoint]));
    const detection = nat.detectNat();
    expect(nat.detectNat()).toBe(detection);
    await until('the first questions are answered', () => server.stats.answers >= 6);
    // The last answer is still on its way.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const port = nat.takePort();
    await nextTurn();
    await closeUdp(await bindUdp('0.0.0.0', port));
    const info = await detection;
    expect(info).toMatchObject({ mapping: 'none', publicEndpoint: `${loopback}:${port}`, relayOnly: false });
    expect(nat.currentEndpoint()).toBe(info.publicEndpoint);
    // The port was preserved, so it will be the same again when the mapping has gone.
    const later = Date.now() + 600_000;
    jest.spyOn(Date, 'now').mockReturnValue(later);
    expect(nat.currentEndpoint()).toBe(info.publicEndpoint);
  });

  it('probes the same port again when WireGuard has given it back', async () => {
    const server = await serve();
    const nat = new NATTraversal(() => Promise.resolve(server.endpoints));
    await nat.detectNat();
    const port = nat.takePort();
    expect((await nat.detectNat()).publicEndpoint).toBeNull();
    nat.returnPort();
    expect((await nat.detectNat()).publicEndpoint).toBe(`${loopback}:${port}`);
  });

  it.each<[string, Manners]>([
    ['answers as if nothing had been asked', { claims: [], isDeafToChanges: false }],
    ['is silent when asked to change, and knows nothing of RFC 5780', { claims: [], isDeafToChanges: true }],
    [
      'names another address where nobody answers',
      {
        claims: [
          claim(attributeType.responseOrigin, loopback, 3478),
          claim(attributeType.otherAddress, '127.0.0.77', 9),
        ],
        isDeafToChanges: true,
      },
    ],
  ])('takes nothing for a filter when a server %s', async (_name, manners) => {
    const servers = await serveAsToldTo(manners);
    const info = await new NATTraversal(() => Promise.resolve(servers)).detectNat();
    expect(info).toMatchObject({ natType: 'port_restricted_cone', mapping: 'none', filtering: 'unknown' });
  });

  it('knows nothing after 3 s when even the list of servers does not come', async () => {
    const nat = new NATTraversal(
      (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('too late')))),
    );
    const startedAtMs = performance.now();
    expect(await nat.detectNat()).toMatchObject({ natType: 'unknown', relayOnly: true, stunServers: [] });
    expect(performance.now() - startedAtMs).toBeGreaterThan(2_900);
  });

  it('asks no server of the other family, and does not mind one', async () => {
    const [endpoint] = (await serve()).endpoints;
    const foreign = parseEndpoint('[2001:db8::1]:3478');
    const servers = [foreign, endpoint].flatMap((one) => one ?? []);
    const info = await new NATTraversal(() => Promise.resolve(servers)).detectNat();
    expect(info.stunServers.map((server) => server.endpoint)).toEqual([endpoint]);
  });
});
