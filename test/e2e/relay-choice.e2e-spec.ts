/** Which relay carries a pair: chosen by what the players measured, and changed when another one proves better. */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { AgentConnection, send, TestAgent } from './support/control-agent';
import { RELAY_SECRET, TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { until } from './support/processes';

type RoundTrips = Record<string, number | null>;

const OWN_SECRET = 'the own secret of the relay fra';

describe('relays of several regions', () => {
  let control: TestControl;
  let relays: Record<'fra' | 'nyc' | 'sgp', TestRelay>;
  const connections: AgentConnection[] = [];

  const addRelay = async (relayId: string, address: string, secret?: string) => {
    const handshake = { relayId, region: relayId, publicAddress: address, ...(secret && { secret }) };
    const relay = new TestRelay(control.url, handshake);
    await relay.connect();
    return relay;
  };

  beforeEach(async () => {
    control = await TestControl.start({ LANRAGE_RELAY_SECRETS: `fra=${OWN_SECRET}` });
    relays = {
      fra: await addRelay('fra', '192.0.2.1', OWN_SECRET),
      nyc: await addRelay('nyc', '192.0.2.2'),
      sgp: await addRelay('sgp', '192.0.2.3'),
    };
  }, 60_000);
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const each of [...Object.values(relays), ...connections.splice(0)]) each.close();
    await control.close();
  }, 20_000);

  const player = async (name: string) => {
    const agent = await TestAgent.signIn(control.url, name);
    const connection = await agent.connect();
    connections.push(connection);
    return [agent, connection] as const;
  };
  const presence = (relayRoundTripsMs: RoundTrips) => ({
    natType: 'unknown' as const,
    endpoint: null,
    relayRoundTripsMs,
  });
  const togetherWith = async (figures: { alice: RoundTrips; bob: RoundTrips }) => {
    const [alice, toAlice] = await player('Alice');
    const [bob, toBob] = await player('Bob');
    const { id } = await alice.create({ presence: presence(figures.alice) });
    const answer = await bob.tryJoin(id, 'Bob', { presence: presence(figures.bob) });
    const relayOf = async () => (await bob.get(id)).relays[alice.peerId]?.relayId;
    return { alice, toAlice, bob, toBob, id, answer, relayOf };
  };

  it('carry each pair where the sum of its round trips is least, which nobody else hears of', async () => {
    const { id, answer, relayOf, bob, toAlice } = await togetherWith({
      alice: { fra: 20, nyc: 90, sgp: 200 },
      bob: { fra: 110, nyc: 15, sgp: 210 },
    });
    expect(await relayOf()).toBe('nyc');
    const seen = JSON.stringify([answer.body, await bob.get(id), await toAlice.next('member.joined')]);
    expect(seen).not.toContain('oundTrip');
    const [carol] = await player('Carol');
    const joined = await carol.tryJoin(id, 'Carol', {
      presence: presence({ fra: 200, nyc: 180, sgp: 5 }),
    });
    const chosen = Object.values((joined.body as { relays: Record<string, { relayId: string }> }).relays);
    expect(chosen.map(({ relayId }) => relayId).sort()).toEqual(['nyc', 'sgp']);
  }, 20_000);

  it('move a pair when another one was better three times, and keep the old session for a while', async () => {
    const { alice, toAlice, toBob, bob, relayOf } = await togetherWith({
      alice: { fra: 20, nyc: 90, sgp: 200 },
      bob: { fra: 20, nyc: 90, sgp: 200 },
    });
    expect(await relayOf()).toBe('fra');
    const startedAtMs = performance.now();
    const clock = jest.spyOn(performance, 'now');
    const report = async (seconds: number, figures: RoundTrips) => {
      clock.mockReturnValue(startedAtMs + seconds * 1000);
      for (const connection of [toBob, toAlice])
        expect(await connection.ask('presence.update', presence(figures))).toMatchObject({ ok: true });
    };
    const nowFar = { fra: 200, nyc: 60, sgp: 210 };
    for (const seconds of [30, 50]) await report(seconds, nowFar);
    await report(69, nowFar); // too soon after the last one to count
    expect(toAlice.unread).not.toContain('relays.changed');
    await report(71, nowFar);
    expect((await toAlice.next('relays.changed')).relays[bob.peerId]).toMatchObject({ relayId: 'nyc' });
    expect((await toBob.next('relays.changed')).relays[alice.peerId]).toMatchObject({ relayId: 'nyc' });
    expect([relays.fra.open.size, relays.nyc.open.size]).toEqual([1, 1]);
    clock.mockReturnValue(startedAtMs + 80_000);
    await until('the old session is closed', () => relays.fra.open.size === 0);

    // It proves wrong: back at once, then nothing moves for minutes.
    await report(95, { fra: 200, nyc: 500, sgp: 210 });
    expect((await toAlice.next('relays.changed')).relays[bob.peerId]).toMatchObject({ relayId: 'fra' });
    for (const seconds of [120, 140, 160, 180, 200]) await report(seconds, nowFar);
    expect(await relayOf()).toBe('fra');
  }, 30_000);

  it('do not move a pair of which one player could not hear of it', async () => {
    const figures = { fra: 20, nyc: 90 };
    const { toAlice, toBob, relayOf, id, alice } = await togetherWith({ alice: figures, bob: figures });
    const startedAtMs = performance.now();
    const clock = jest.spyOn(performance, 'now');
    await toBob.ask('presence.update', presence({ fra: 200, nyc: 60 }));
    toBob.close();
    await until('Bob is offline', async () => (await alice.get(id)).members.some(({ online }) => !online));
    for (const seconds of [25, 50]) {
      clock.mockReturnValue(startedAtMs + seconds * 1000);
      await toAlice.ask('presence.update', presence({ fra: 200, nyc: 60 }));
    }
    await wait(1200); // two turns of care
    expect(await relayOf()).toBe('fra');
  }, 20_000);

  it.each([
    ['more relays than an agent measures', Object.fromEntries([...Array(17)].map((_, at) => [`r${at}`, 1]))],
    ['a name that no relay can have', { '../relay': 1 }],
    ['a time that is none', { fra: -1 }],
    ['a text', { fra: 'near' }],
  ])('take no report of %s', async (_what, figures) => {
    const [, connection] = await player('Eve');
    const answer = await connection.ask('presence.update', presence(figures as RoundTrips));
    expect(answer).toMatchObject({ ok: false, error: { code: 'INVALID_REQUEST' } });
  });

  it.each([
    ['fra', 'the shared secret', RELAY_SECRET],
    ['nyc', "fra's", OWN_SECRET],
  ])('%s is not impersonated with %s', async (relayId, _which, secret) => {
    const impostor = new TestRelay(control.url, { relayId, secret, publicAddress: '203.0.113.66' });
    impostor.socket.connect();
    const [error] = (await once(impostor.socket as unknown as NodeJS.EventEmitter, 'connect_error')) as [
      { data: unknown },
    ];
    expect(error.data).toMatchObject({ error: { code: 'RELAY_SECRET_WRONG' } });
    impostor.close();
  });

  it('show in the metrics one by one', async () => {
    await togetherWith({ alice: { fra: 1, nyc: 50, sgp: 50 }, bob: { fra: 1, nyc: 50, sgp: 50 } });
    const load = { pairs: 1, packetsPerSecond: 7, bytesPerSecond: 700, eventLoopDelayMs: 12 };
    await relays.fra.socket.timeout(5000).emitWithAck('load', load);
    const response = await fetch(new URL('/metrics', control.url));
    const text = await response.text();
    for (const line of [
      'lanrage_relays_ready 3',
      'lanrage_relay_up{relay="sgp"} 1',
      'lanrage_relay_assigned_pairs{relay="fra"} 1',
      'lanrage_relay_capacity_pairs{relay="nyc"} 100',
      'lanrage_relay_packets_per_second{relay="fra"} 7',
      'lanrage_relay_bytes_per_second{relay="fra"} 700',
      'lanrage_relay_event_loop_delay_seconds{relay="fra"} 0.012',
      'lanrage_relay_draining{relay="fra"} 0',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).not.toContain('lanrage_relay_event_loop_delay_seconds{relay="nyc"}');
    expect((await send(control.url, 'GET', '/health')).status).toBe(200);
  });
});
