import fc from 'fast-check';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import type { Presence } from '#shared/api/party';
import type { PeerId } from '#shared/party/identity';
import type { NatType } from '#shared/party/nat-type';
import { PresenceBook } from './presence';

const alice = 'a'.repeat(16) as PeerId;
const bob = 'b'.repeat(16) as PeerId;
const endpoint = (text: string) => parseEndpoint(text) as Endpoint;
const home = endpoint('192.0.2.1:5000');
const seenByRelay = endpoint('192.0.2.1:6000');

const at = (socketId: string) => ({ nodeId: 'a node', socketId, connectedAtMs: 0 });

const declared = (natType: NatType, at: Endpoint | null, changes: Partial<Presence> = {}): Presence => ({
  natType,
  endpoint: at,
  candidates: [],
  direct: true,
  udp: 'unknown',
  ...changes,
});

/** The view of a peer that has said nothing. */
const unheard = { online: false, natType: 'unknown', endpoint: null, direct: true, udp: 'unknown' };

describe('PresenceBook', () => {
  it('knows which node a peer is connected to', () => {
    const book = new PresenceBook();
    book.connect(alice, at('c1'));
    book.connect(bob, { nodeId: 'another', socketId: 'c2', connectedAtMs: 0 });
    expect(book.connectedTo('a node')).toEqual([[alice, 'c1']]);
    expect(book.connectionOf(bob)).toEqual({ nodeId: 'another', socketId: 'c2', connectedAtMs: 0 });
    book.disconnect(alice, 'c1', 0);
    expect(book.connectedTo('a node')).toEqual([]);
    expect(book.connectionOf(alice)).toBeNull();
  });

  it('tells who is online', () => {
    const book = new PresenceBook();
    expect(book.view(alice)).toEqual(unheard);
    book.connect(alice, at('c1'));
    expect(book.view(alice).online).toBe(true);
    expect(book.disconnect(alice, 'c1', 0)).toBe(true);
    expect(book.view(alice).online).toBe(false);
  });

  it('lets a newer connection replace the older one, whose end then means nothing', () => {
    const book = new PresenceBook();
    expect(book.connect(alice, at('old'))).toBeNull();
    expect(book.connect(alice, at('new'))).toEqual(at('old'));
    expect(book.disconnect(alice, 'old', 0)).toBe(false);
    expect(book.view(alice).online).toBe(true);
  });

  it('reports who has been silent for the time-out, longest first, and nobody who is connected', () => {
    const book = new PresenceBook();
    book.expect(alice, 1000);
    book.expect(bob, 2000);
    book.connect('c'.repeat(16) as PeerId, at('c3'));
    expect(book.silentFor(60_000, 60_999)).toEqual([]);
    expect(book.silentFor(60_000, 61_000)).toEqual([alice]);
    expect(book.silentFor(60_000, 62_000)).toEqual([alice, bob]);

    book.expect(alice, 61_500);
    expect(book.silentFor(60_000, 62_000)).toEqual([bob]);
    book.connect(bob, at('c2'));
    expect(book.silentFor(60_000, 200_000)).toEqual([alice]);
  });

  it('waits for those who were here before it, longer than the time-out if need be', () => {
    const book = new PresenceBook();
    book.connect(bob, at('c1'));
    book.awaitReturn([alice, bob], 15_000, 1000);
    expect(book.silentFor(5000, 15_999)).toEqual([]);
    expect(book.isSilentFor(alice, 5000, 15_999)).toBe(false);
    expect(book.silentFor(5000, 16_000)).toEqual([alice]);
    expect(book.isSilentFor(alice, 5000, 16_000)).toBe(true);
    expect(book.silentFor(60_000, 60_999)).toEqual([]);
  });

  it('waits no longer than for others for who has come back and went again, and for who came since', () => {
    const book = new PresenceBook();
    const carol = 'c'.repeat(16) as PeerId;
    book.awaitReturn([alice, bob], 15_000, 0);
    book.connect(alice, at('c1'));
    book.disconnect(alice, 'c1', 1000);
    book.expect(carol, 1000);
    expect(book.silentFor(5000, 6000)).toEqual([alice, carol]);
  });

  it('knows when nobody is there, and whom it waits for', () => {
    const book = new PresenceBook();
    expect(book.isAlone).toBe(true);
    book.connect(alice, at('c1'));
    book.expect(bob, 0);
    expect([book.isAlone, book.silentPeers]).toEqual([false, [bob]]);
    book.disconnect(alice, 'c1', 0);
    expect([book.isAlone, book.silentPeers]).toEqual([true, [bob, alice]]);
  });

  it('takes for gone who had the time to come back', () => {
    const book = new PresenceBook();
    expect(book.attendance(alice, 0)).toBe('away');
    book.connect(alice, at('c1'));
    expect(book.attendance(alice, 99_000)).toBe('online');
    book.disconnect(alice, 'c1', 100_000);
    expect(book.attendance(alice, 104_999)).toBe('away');
    expect(book.attendance(alice, 105_000)).toBe('gone');
    book.expect(alice, 105_000);
    expect(book.attendance(alice, 105_000)).toBe('away');
    book.connect(alice, at('c2'));
    expect(book.attendance(alice, 120_000)).toBe('online');
  });

  it('takes nobody for gone who was here before a start, until all had the time to come back', () => {
    const book = new PresenceBook();
    book.awaitReturn([alice, bob], 15_000, 0);
    book.connect(bob, at('c1'));
    expect(book.attendance(alice, 14_999)).toBe('away');
    expect(book.attendance(alice, 15_000)).toBe('gone');
    // A peer that was back has no more time than others.
    book.disconnect(bob, 'c1', 1000);
    expect(book.attendance(bob, 6000)).toBe('gone');
  });

  it('prefers what a relay saw to what the agent believes', () => {
    const book = new PresenceBook();
    book.connect(alice, at('c1'));
    expect(book.declare(alice, declared('full_cone', home))).toBe(true);
    expect(book.observe(alice, seenByRelay)).toBe(true);
    expect(book.observe(alice, seenByRelay)).toBe(false);
    expect(book.view(alice)).toEqual({
      online: true,
      natType: 'full_cone',
      endpoint: seenByRelay,
      direct: true,
      udp: 'unknown',
    });
    expect(book.declare(alice, declared('full_cone', home))).toBe(false);
    expect(book.declare(alice, declared('symmetric', home))).toBe(true);
    expect(book.view(alice).endpoint).toBe(seenByRelay);
  });

  it('lists where a peer may be reached: at home, where it was seen, what its router forwards; each once', () => {
    const book = new PresenceBook();
    book.connect(alice, at('c1'));
    const lan = { kind: 'host', endpoint: endpoint('192.168.1.7:5000') } as const;
    const mapped = { kind: 'mapped', endpoint: endpoint('192.0.2.1:7000') } as const;
    const seen = { kind: 'host', endpoint: seenByRelay } as const;
    book.declare(alice, declared('full_cone', home, { candidates: [mapped, lan] }));
    const elsewhere = endpoint('192.0.2.77:5000');
    book.observe(alice, elsewhere);
    const reflexive = [elsewhere, home].map((at) => ({ kind: 'reflexive', endpoint: at }));
    expect(book.candidates(alice)).toEqual([lan, ...reflexive, mapped]);
    // At the same address: a mapping that is no more.
    book.observe(alice, seenByRelay);
    expect(book.candidates(alice)).toEqual([lan, { kind: 'reflexive', endpoint: seenByRelay }, mapped]);
    book.declare(alice, declared('open', null, { candidates: [seen] }));
    expect(book.candidates(alice)).toEqual([seen]);
    expect(book.candidates(bob)).toEqual([]);
  });

  it('shows nobody where a peer is that wants no direct paths', () => {
    const book = new PresenceBook();
    book.connect(alice, at('c1'));
    book.observe(alice, seenByRelay);
    expect(book.declare(alice, declared('open', home, { direct: false }))).toBe(true);
    expect(book.view(alice)).toMatchObject({ endpoint: null, direct: false });
  });

  it('shows from whom a peer gets answers by UDP, and notices when that changes', () => {
    const book = new PresenceBook();
    book.connect(alice, at('c1'));
    expect(book.declare(alice, declared('open', null, { udp: 'nobody' }))).toBe(true);
    expect(book.view(alice).udp).toBe('nobody');
    expect(book.declare(alice, declared('open', null, { udp: 'nobody' }))).toBe(false);
    expect(book.declare(alice, declared('open', null, { udp: 'relays' }))).toBe(true);
  });

  it('remembers how far the relays are for as long as it remembers the peer, and shows nobody', () => {
    const book = new PresenceBook();
    book.measure(alice, { fra: 20 }, 1);
    expect(book.measured(alice)).toBeNull();
    book.connect(alice, at('c1'));
    book.measure(alice, { fra: 20, nyc: null }, 2);
    const roundTripsMs = new Map([
      ['fra', 20],
      ['nyc', null],
    ]);
    expect(book.measured(alice)).toEqual({ roundTripsMs, atMs: 2 });
    expect(book.view(alice)).toEqual({
      online: true,
      natType: 'unknown',
      endpoint: null,
      direct: true,
      udp: 'unknown',
    });
    book.disconnect(alice, 'c1', 3);
    book.forget(alice);
    expect(book.measured(alice)).toBeNull();
  });

  it('keeps nothing of whom it does not expect', () => {
    const book = new PresenceBook();
    expect(book.declare(alice, declared('open', home))).toBe(false);
    expect(book.observe(alice, home)).toBe(false);
    book.expect(alice, 0);
    book.declare(alice, declared('open', home));
    book.forget(alice);
    expect(book.view(alice)).toEqual(unheard);
    expect(book.silentFor(0, 1)).toEqual([]);
  });

  it('does not forget whoever is connected', () => {
    const book = new PresenceBook();
    book.connect(alice, at('c1'));
    book.forget(alice);
    expect(book.view(alice).online).toBe(true);
  });

  it('has everybody either online or silent, in any history', () => {
    const peers = [alice, bob];
    const event = fc.record({
      peer: fc.constantFrom(...peers),
      connection: fc.constantFrom('x', 'y'),
      kind: fc.constantFrom('connect', 'disconnect', 'expect', 'forget'),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const book = new PresenceBook();
        const connections = new Map<PeerId, string>();
        for (const [nowMs, { peer, connection, kind }] of events.entries()) {
          if (kind === 'connect') connections.set(peer, connection);
          if (kind === 'disconnect' && connections.get(peer) === connection) connections.delete(peer);
          if (kind === 'connect') book.connect(peer, at(connection));
          else if (kind === 'disconnect') book.disconnect(peer, connection, nowMs);
          else if (kind === 'expect') book.expect(peer, nowMs);
          else book.forget(peer);
        }
        const silent = book.silentFor(0, events.length);
        for (const peer of peers) {
          expect(book.view(peer).online).toBe(connections.has(peer));
          expect(silent.includes(peer) && connections.has(peer)).toBe(false);
        }
      }),
    );
  });
});
