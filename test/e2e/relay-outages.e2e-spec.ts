/** Relays that die, lose their link, drain and come back: a real control plane, real relays, agents that only listen. */
import { setTimeout as wait } from 'node:timers/promises';
import type { PartySnapshot, RelaySession } from '#shared/api/party';
import { AgentConnection, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { end, until } from './support/processes';
import { RealRelay, startRelayProcess } from './support/real-relay';

describe('a pair, when its relay', () => {
  let control: TestControl;
  let relays: RealRelay[];
  let alice: TestAgent;
  let bob: TestAgent;
  let toAlice: AgentConnection;
  let toBob: AgentConnection;
  let party: PartySnapshot;

  beforeEach(async () => {
    control = await TestControl.start();
    relays = [await RealRelay.start(control.url, 'one'), await RealRelay.start(control.url, 'two')];
    [alice, bob] = [await TestAgent.signIn(control.url, 'Alice'), await TestAgent.signIn(control.url, 'Bob')];
    [toAlice, toBob] = [await alice.connect(), await bob.connect()];
    const { id } = await alice.create();
    party = await bob.join(id);
    await toAlice.next('member.joined');
  }, 60_000);

  afterEach(async () => {
    [toAlice, toBob].forEach((connection) => connection.close());
    await Promise.all(relays.map((relay) => relay.die()));
    await control.close();
  }, 20_000);

  const sessionOf = ({ relays: sessions }: PartySnapshot) => sessions[alice.peerId] as RelaySession;
  const named = (id: string) => relays.find((relay) => relay.id === id) as RealRelay;
  const used = () => named(sessionOf(party).relayId);
  const other = () => named(sessionOf(party).relayId === 'one' ? 'two' : 'one');
  const moved = async () => {
    const [ofAlice, ofBob] = [await toAlice.next('relays.changed'), await toBob.next('relays.changed')];
    expect(ofAlice.relays[bob.peerId]).toEqual(ofBob.relays[alice.peerId]);
    return ofBob.relays[alice.peerId];
  };
  const news = () =>
    [...toAlice.unread, ...toBob.unread].filter((event) => event === 'relays.changed').length;

  it('dies, gets another one without anybody doing anything', async () => {
    // Silence means something once there was an answer.
    await wait(1500);
    await used().die();
    expect(await moved()).toMatchObject({ relayId: other().id });
    expect(other().openPairs).toHaveLength(1);
  }, 20_000);

  it('hangs, gets another one, although its connection stands', async () => {
    const child = await startRelayProcess(control.url, 'hanging');
    try {
      const presence = {
        natType: 'unknown' as const,
        endpoint: null,
        relayRoundTripsMs: { hanging: 1, one: 50, two: 50 },
      };
      for (const [agent, connection] of [
        [alice, toAlice],
        [bob, toBob],
      ] as const) {
        await agent.leave(party.id);
        await connection.ask('presence.update', presence);
      }
      const { id } = await alice.create({ presence });
      await bob.tryJoin(id, 'Bob', { presence });
      expect((await bob.get(id)).relays[alice.peerId]?.relayId).toBe('hanging');
      await wait(1500);
      child.kill('SIGSTOP');
      expect((await moved())?.relayId).toMatch(/^(one|two)$/);
    } finally {
      await end(child, 'SIGKILL');
    }
  }, 30_000);

  it('loses only its link, stays where it is, and is known again', async () => {
    await wait(1500);
    used().unlink();
    await wait(4000);
    expect(news()).toBe(0);
    await used().link();
    await wait(1000);
    expect(news()).toBe(0);
    expect(used().openPairs).toHaveLength(1);
    expect(sessionOf(await bob.get(party.id))).toEqual(sessionOf(party));
  }, 20_000);

  it('drains, is on the new one before it leaves the old one', async () => {
    const former = used();
    expect(await former.drain(30_000)).toBe(true);
    expect(await moved()).toMatchObject({ relayId: other().id });
    expect([former.openPairs.length, other().openPairs.length]).toEqual([1, 1]);
    await until('the old relay is empty', () => former.openPairs.length === 0);
    const carol = await TestAgent.signIn(control.url, 'Carol');
    const { relays: ofCarol } = await carol.join(party.id);
    expect(Object.values(ofCarol).map((session) => session?.relayId)).toEqual([other().id, other().id]);
    expect(former.openPairs).toEqual([]);
  }, 30_000);

  it('drains while a player is offline, waits for the player, but not forever', async () => {
    toBob.close();
    await until('Bob is offline', async () =>
      (await alice.get(party.id)).members.some(({ online }) => !online),
    );
    const startedAtMs = performance.now();
    expect(await used().drain(4000)).toBe(true);
    await toAlice.next('relays.changed');
    expect(performance.now() - startedAtMs).toBeGreaterThan(2500);
  }, 30_000);

  it('drains without another one, stays: there is nothing to wait for', async () => {
    const [last] = [used()];
    await other().die();
    await until('the other relay is gone', async () => !(await last.drain(30_000)));
    await wait(1500);
    expect(last.openPairs).toHaveLength(1);
  }, 20_000);

  it('is back only seconds after the control plane, is waited for, whoever asks meanwhile', async () => {
    const before = sessionOf(party);
    used().unlink();
    await control.restart();
    await until('the other relay is back', () => other().isLinked);
    expect(sessionOf(await bob.join(party.id))).toBeNull();
    const carol = await TestAgent.signIn(control.url, 'Carol');
    const { relays: ofCarol } = await carol.join(party.id);
    expect(Object.values(ofCarol).map((session) => session?.relayId)).toEqual([other().id, other().id]);
    await wait(500);
    await used().link();
    await until('the pair is known again', async () => sessionOf(await bob.get(party.id)) !== null);
    expect(sessionOf(await bob.get(party.id))).toEqual(before);
    await wait(4000);
    expect(sessionOf(await bob.get(party.id))).toEqual(before);
  }, 30_000);
});
