import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { publicKeyOf } from '#shared/auth/proof';
import type { LanrageError } from '#shared/errors';
import { peerIdOf, type PartyId } from '#shared/party/identity';
import { parsePublicKey, type PublicKey } from '#shared/wireguard/key';
import { ControlPlane } from '../../apps/client/src/control/control-plane';
import type { ServerEvent } from '../../apps/client/src/control/signaling';
import { until } from './support/processes';
import { ScriptedControl } from './support/scripted-control';

const partyId = '0123456789ab' as PartyId;
const presence = {
  natType: 'unknown' as const,
  endpoint: null,
  candidates: [],
  direct: true,
  udp: 'unknown' as const,
};
const privateKey = randomBytes(32);
const publicKey = parsePublicKey(publicKeyOf(privateKey)) as PublicKey;
const identity = { privateKey, publicKey, peerId: peerIdOf(publicKey) };

const snapshot = {
  id: partyId,
  name: 'LAN',
  hostId: 'a'.repeat(16),
  ownerId: 'a'.repeat(16),
  settings: {
    locked: false,
    public: false,
    persistent: false,
    hasPassword: false,
    sealed: false,
    discordUrl: null,
  },
  createdAt: '2026-01-01T00:00:00.000Z',
  maxPeers: 8,
  revision: 1,
  members: [],
  relays: {},
};
const unauthenticated = {
  status: 401,
  body: { error: { code: 'UNAUTHENTICATED', message: 'Who are you?', retryable: true } },
};

describe('the client of the control plane', () => {
  let server: ScriptedControl;
  let client: ControlPlane;
  let faults: LanrageError[];

  beforeEach(async () => {
    server = await ScriptedControl.start();
    client = new ControlPlane(server.url, identity);
    faults = [];
    client.on('fault', (error) => faults.push(error));
  });

  afterEach(async () => {
    await client.close();
    await server.close();
  });

  const join = () => client.joinParty(partyId, { peerName: 'Alice', presence });

  it('signs in once, then makes one request for a join, on the connection that is there', async () => {
    server.script = () => ({ status: 200, body: snapshot });
    await client.initialize();
    await until('the socket is there', () => client.connected);
    const { connections } = server;
    await join();
    await join();
    expect(server.requests).toEqual([
      'POST /v1/auth/challenge',
      'POST /v1/auth/token',
      `POST /v1/parties/${partyId}/join`,
      `POST /v1/parties/${partyId}/join`,
    ]);
    expect(server.connections).toBe(connections);
  });

  it('signs in again when the server does not know the token any more, once', async () => {
    server.script = ({ headers }) =>
      headers.authorization === `Bearer ${server.tokens[0]}`
        ? unauthenticated
        : { status: 200, body: snapshot };
    await client.initialize();
    expect((await join()).id).toBe(partyId);
    expect(server.tokens).toHaveLength(2);
    server.script = () => unauthenticated;
    await expect(join()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(server.tokens).toHaveLength(3);
  });

  it('renews its token before it ends, whatever the clocks say', async () => {
    server.clockSkewMs = -86_400_000;
    server.tokenLifetimeMs = 500;
    await client.initialize();
    await until('a second sign-in', () => server.tokens.length > 1);
    server.tokenLifetimeMs = 3_600_000;
    await until('a third, which lasts', () => server.tokens.length > 2);
    server.script = () => ({ status: 200, body: snapshot });
    server.requests.length = 0;
    await join();
    expect(server.requests).toEqual([`POST /v1/parties/${partyId}/join`]);
  });

  it.each([
    ['a page of a proxy', { status: 502, body: '<h1>Bad Gateway</h1>', type: 'text/html' }],
    ['a page that claims success', { status: 200, body: '<h1>Log in to the hotel</h1>', type: 'text/html' }],
    ['JSON that is cut', { status: 200, body: '{"id":' }],
    ['a party without members', { status: 200, body: { ...snapshot, members: undefined } }],
    ['a party with a wrong id', { status: 200, body: { ...snapshot, id: '../../etc' } }],
  ])('takes %s for a server that is away', async (_name, answer) => {
    server.script = () => answer;
    await expect(join()).rejects.toMatchObject({ code: 'CONTROL_UNAVAILABLE', retryable: true });
  });

  it('gives up on a server that says nothing', async () => {
    server.script = () => undefined;
    await expect(join()).rejects.toMatchObject({ code: 'CONTROL_UNAVAILABLE' });
  }, 25_000);

  it('passes on what the server refuses with, in its words', async () => {
    const error = { code: 'RATE_LIMITED', message: 'Slowly.', retryable: true, retryAfterSeconds: 7 };
    server.script = () => ({ status: 429, body: { error } });
    await expect(join()).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      message: 'Slowly.',
      retryAfterSeconds: 7,
    });
    server.script = () => ({ status: 418, body: { error: { ...error, code: 'TEAPOT' } } });
    await expect(join()).rejects.toMatchObject({ code: 'INTERNAL', message: 'Slowly.' });
  });

  it('parses events, and reports those that it cannot understand', async () => {
    const events: ServerEvent[] = [];
    client.on('event', (event) => events.push(event));
    await client.initialize();
    await until('the socket is there', () => client.connected);
    const [socket] = server.sockets;
    socket?.emit('party.snapshot', { party: { ...snapshot, revision: 'many' } });
    socket?.emit('party.snapshot', { party: snapshot });
    await until('an event', () => events.length > 0);
    expect(events).toMatchObject([{ name: 'party.snapshot', data: { party: { id: partyId } } }]);
    expect(faults).toHaveLength(1);
  });

  it('comes back when the connection is lost, with a token that is accepted', async () => {
    await client.initialize();
    await until('the socket is there', () => client.connected);
    server.sockets[0]?.conn.close();
    await once(client, 'disconnected');
    await until('the socket is back', () => client.connected);
    expect(server.sockets).toHaveLength(2);
    expect(server.sockets[1]?.handshake.auth).toEqual({ token: server.tokens.at(-1) });
  });

  it('replaces a connection that does not answer when it is needed, and no other', async () => {
    await client.initialize();
    await until('the socket is there', () => client.connected);
    const [silent] = server.sockets;
    await client.wake(presence);
    await until('another socket is there', () => server.sockets.length === 2 && client.connected);
    expect(silent?.connected).toBe(false);

    server.sockets[1]?.on('presence.update', (_: unknown, answer: (body: object) => void) => {
      answer({ ok: true });
    });
    await client.wake(presence);
    expect(client.connected).toBe(true);
    expect(server.sockets).toHaveLength(2);
  });

  it('does not come back when another agent took its place', async () => {
    await client.initialize();
    await until('the socket is there', () => client.connected);
    const lost = once(client, 'disconnected');
    server.sockets[0]?.emit('session.replaced', {});
    server.sockets[0]?.disconnect(true);
    await lost;
    // Long enough for the first two tries, which come after 0.25 and 1 s, a quarter more or less.
    await delay(2_000);
    expect(server.sockets).toHaveLength(1);
  });
});
