/** What the members of a party share. */
import { partyStateSchema, stateEntrySchema } from '#shared/api/state';
import { codeOf, refusal, TestAgent, type AgentConnection } from './support/control-agent';
import { TestControl } from './support/control-app';

describe('the shared state of a party', () => {
  let control: TestControl;
  let alice: TestAgent;
  let bob: TestAgent;
  let id: string;
  const connections: AgentConnection[] = [];

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);
  afterAll(() => control.close());
  beforeEach(async () => {
    [alice, bob] = [await TestAgent.signIn(control.url, 'Alice'), await TestAgent.signIn(control.url, 'Bob')];
    ({ id } = await alice.create());
    await bob.join(id);
  });
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close();
  });

  const connect = async (agent: TestAgent) => {
    const connection = await agent.connect();
    connections.push(connection);
    return connection;
  };
  const read = async (agent: TestAgent) =>
    partyStateSchema.parse((await agent.ask('GET', `${id}/state`)).body);
  const write = (agent: TestAgent, request: object) => agent.ask('POST', `${id}/state`, request);
  const pause = () => new Promise((resolve) => setTimeout(resolve, 1100));

  it('is read and written by every member, and pushed to all in order', async () => {
    const toBob = await connect(bob);
    expect(await read(bob)).toEqual({ version: 0, entries: [] });
    const value = JSON.stringify({ map: 'de_dust2', round: 3, text: 'Größe \u2028 🎮' });
    expect((await write(alice, { key: 'game', value })).body).toEqual({ key: 'game', value, version: 1 });
    await write(bob, { key: 'votes/map', value: '' });
    await write(alice, { key: 'game' });
    expect([
      await toBob.next('state.changed'),
      await toBob.next('state.changed'),
      await toBob.next('state.changed'),
    ]).toEqual([
      { partyId: id, key: 'game', value, version: 1 },
      { partyId: id, key: 'votes/map', value: '', version: 2 },
      { partyId: id, key: 'game', version: 3 },
    ]);
    expect(await read(alice)).toEqual({ version: 3, entries: [{ key: 'votes/map', value: '', version: 2 }] });
    expect((await alice.get(id)).revision).toBe(2);
    await control.restart();
    expect((await read(alice)).version).toBe(3);
  });

  it('is written on condition: of those who read the same, one wins', async () => {
    const agents = await Promise.all(
      Array.from({ length: 20 }, (_, index) => TestAgent.signIn(control.url, `P${index}`)),
    );
    for (const agent of agents) await agent.join(id);
    const claims = await Promise.all(
      agents.map((agent) => write(agent, { key: 'turn', value: agent.peerId, version: 0 })),
    );
    expect(claims.map(codeOf).sort()).toEqual([...Array<string>(19).fill('STATE_CONFLICT'), 'done'].sort());
    const { version } = stateEntrySchema.parse(claims.find(({ status }) => status === 200)?.body);
    expect(codeOf(await write(alice, { key: 'turn', version: version + 1 }))).toBe('STATE_CONFLICT');
    expect(codeOf(await write(alice, { key: 'turn', version }))).toBe('done');
    // Gone and back again is not the same.
    await write(bob, { key: 'turn', value: 'bob' });
    expect(codeOf(await write(alice, { key: 'turn', value: 'alice', version }))).toBe('STATE_CONFLICT');
  }, 20_000);

  it('holds 64 kB in all, and one byte more is refused', async () => {
    expect(codeOf(await write(alice, { key: 'a', value: 'x'.repeat(64 * 1024 - 1) }))).toBe('done');
    expect(refusal(await write(bob, { key: 'b', value: '' }))).toMatchObject({
      status: 409,
      code: 'STATE_FULL',
    });
    await pause();
    expect(codeOf(await write(alice, { key: 'a', value: '"'.repeat(64 * 1024 - 2) }))).toBe('done');
    expect(codeOf(await write(bob, { key: 'b', value: '' }))).toBe('done');
    expect(codeOf(await write(alice, { key: 'a' }))).toBe('done');
  }, 20_000);

  it('stays within its bounds whoever writes at once', async () => {
    const agents = await Promise.all(
      Array.from({ length: 8 }, (_, index) => TestAgent.signIn(control.url, `P${index}`)),
    );
    for (const agent of agents) await agent.join(id);
    const value = 'x'.repeat(10_000);
    const answers = await Promise.all(
      agents.map((agent, index) => write(agent, { key: `key ${index}`, value })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(6);
    const { entries } = await read(alice);
    expect(entries.reduce((sum, entry) => sum + entry.key.length + (entry.value?.length ?? 0), 0)).toBe(
      60_030,
    );
  }, 20_000);

  it.each([
    ['an empty key', { key: '', value: 'x' }],
    ['a key that is too long', { key: 'x'.repeat(65), value: 'x' }],
    ['a control character in a key', { key: 'a\u001b', value: 'x' }],
    ['half a character', { key: 'a', value: '\ud800' }],
    ['NUL', { key: 'a', value: 'a\0' }],
    ['a value that is no text', { key: 'a', value: { map: 1 } }],
    ['a value that is too long', { key: 'a', value: 'x'.repeat(64 * 1024 + 1) }],
    ['a version that is none', { key: 'a', value: 'x', version: -1 }],
  ])('refuses %s', async (_what, request) => {
    expect(refusal(await write(alice, request))).toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
  });

  it('is of no size that a request could not have, and only there', async () => {
    const huge = { key: 'a', value: 'x'.repeat(200_000) };
    expect(refusal(await write(alice, huge))).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' });
    const elsewhere = await alice.ask('PATCH', `${id}?/state`, { name: 'x'.repeat(20_000) });
    expect(refusal(elsewhere)).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' });
  });

  it('is not for strangers, nor for whoever was removed', async () => {
    const stranger = await TestAgent.signIn(control.url, 'Mallory');
    await alice.ask('POST', `${id}/kick`, { peerId: bob.peerId });
    for (const agent of [stranger, bob]) {
      expect(codeOf(await agent.ask('GET', `${id}/state`))).toBe('PARTY_NOT_FOUND');
      expect(codeOf(await write(agent, { key: 'a', value: 'x' }))).toBe('PARTY_NOT_FOUND');
    }
  });

  it('is not to be written faster than everybody can hear', async () => {
    const codes = await Promise.all(
      Array.from({ length: 30 }, (_, index) => write(alice, { key: 'a', value: String(index) })),
    );
    expect(codes.map(codeOf)).toContain('RATE_LIMITED');
  });

  it('goes to a large party as often as that can be told, and so does its snapshot', async () => {
    const host = await TestAgent.signIn(control.url, 'Host');
    const party = await host.create({ maxPeers: 256 });
    const members = await Promise.all(Array.from({ length: 149 }, () => TestAgent.signIn(control.url)));
    for (const member of members) await member.join(party.id);
    const codes: string[] = [];
    // Each is 150 × 61 points, and the party has 40,000.
    for (let written = 0; written < 5; written++) {
      const request = { key: 'a', value: 'x'.repeat(60_000) };
      codes.push(codeOf(await host.ask('POST', `${party.id}/state`, request)));
      await pause();
    }
    expect(codes).toEqual(['done', 'done', 'done', 'done', 'RATE_LIMITED']);

    const toHost = await connect(host);
    // The first one counts as one member, the next ones as 150 of 512.
    await toHost.ask('party.get', {});
    const answers = await Promise.all(Array.from({ length: 9 }, () => toHost.ask('party.get', {})));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(3);
    expect(await toHost.ask('party.get', {})).toMatchObject({ error: { code: 'RATE_LIMITED' } });
  }, 60_000);

  it('goes with the party', async () => {
    await write(alice, { key: 'a', value: 'x' });
    await alice.leave(id);
    await bob.leave(id);
    expect(codeOf(await bob.ask('GET', `${id}/state`))).toBe('PARTY_NOT_FOUND');
  });
});
