import { partySnapshotSchema } from '#shared/api/party';
import { DEFAULT_NETWORK, preferredSlot, virtualIpOfSlot } from '#shared/party/virtual-ip';
import { postJson, refusal, send, TestAgent, type Answer } from './support/control-agent';
import { TestControl } from './support/control-app';

describe('parties', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start({ LANRAGE_PARTY_MAX_PEERS: '600' });
  }, 60_000);
  afterAll(() => control.close());

  const newAgent = (_value?: unknown, index = 0) => TestAgent.signIn(control.url, `Player ${index}`);
  const threeAgents = () => Promise.all([newAgent(), newAgent(), newAgent()]);

  it('are founded in one request, by their host, at the first address', async () => {
    const [alice] = await threeAgents();
    const before = Date.now();
    const party = await alice.create({ name: '  Gaming   Näght ', maxPeers: 8 });
    expect(party).toMatchObject({
      name: 'Gaming   Näght'.normalize('NFC'),
      hostId: alice.peerId,
      maxPeers: 8,
      revision: 1,
      relays: {},
      members: [{ id: alice.peerId, name: 'Player 0', publicKey: alice.publicKey, virtualIp: '10.66.0.1' }],
    });
    expect(party.id).toMatch(/^[0-9a-f]{12}$/);
    expect(Date.parse(party.createdAt)).toBeGreaterThanOrEqual(before - 1000);
    expect(Date.parse(party.members[0]?.joinedAt ?? '')).toBe(Date.parse(party.createdAt));
  });

  it('are joined at the address that follows from the peer id', async () => {
    const [alice, bob] = await threeAgents();
    const { id } = await alice.create();
    const party = await bob.join(id, 'Bob');
    expect(party.members.map((member) => member.id)).toEqual([alice.peerId, bob.peerId]);
    expect(party).toMatchObject({ id, hostId: alice.peerId, revision: 2, relays: { [alice.peerId]: null } });
    expect(party.members[1]).toMatchObject({
      name: 'Bob',
      virtualIp: virtualIpOfSlot(preferredSlot(bob.peerId), DEFAULT_NETWORK),
      online: false,
      natType: 'unknown',
      endpoint: null,
    });
    expect(await alice.get(id)).toMatchObject({
      revision: 2,
      members: party.members,
      relays: { [bob.peerId]: null },
    });
  });

  it('give the same answer to whoever joins again, under a new name if there is one', async () => {
    const [alice, bob] = await threeAgents();
    const { id } = await alice.create();
    const first = await bob.join(id, 'Bob');
    expect(await bob.join(id, 'Bob')).toEqual(first);
    const renamed = await bob.join(id, 'Robert');
    expect(renamed.revision).toBe(3);
    expect(renamed.members[1]).toEqual({ ...first.members[1], name: 'Robert' });
  });

  it('take in two that join at the same instant', async () => {
    const [alice, bob, carol] = await threeAgents();
    const { id } = await alice.create();
    await Promise.all([bob.join(id), carol.join(id)]);
    const party = await alice.get(id);
    expect(party.revision).toBe(3);
    expect(new Set(party.members.map((member) => member.id))).toEqual(
      new Set([alice.peerId, bob.peerId, carol.peerId]),
    );
  });

  it('hold a peer once: joining or creating elsewhere is refused, and nothing changes', async () => {
    const [alice, bob] = await threeAgents();
    const [here, there] = [await alice.create(), await bob.create()];
    for (const answer of [
      await alice.tryCreate(),
      await alice.tryJoin(there.id),
      await alice.tryJoin('0'.repeat(12)),
    ]) {
      expect(refusal(answer)).toMatchObject({ status: 409, code: 'ALREADY_IN_PARTY', retryable: false });
    }
    expect(await alice.get(here.id)).toEqual(here);
    expect(await bob.get(there.id)).toEqual(there);
  });

  it('hold a peer once, also when it creates and joins many at the same instant', async () => {
    const [alice, bob] = await threeAgents();
    const { id } = await alice.create();
    const tries = await Promise.all([bob.tryJoin(id), ...Array.from({ length: 9 }, () => bob.tryCreate())]);
    expect(tries.filter(({ status }) => status < 300)).toHaveLength(1);
    for (const answer of tries.filter(({ status }) => status >= 300)) {
      expect(refusal(answer)).toMatchObject({ code: 'ALREADY_IN_PARTY' });
    }
  });

  it('have a place for exactly one of fifty that want the last one', async () => {
    const host = await newAgent();
    const others = await Promise.all(Array.from({ length: 50 }, newAgent));
    const { id } = await host.create({ maxPeers: 2 });
    const answers = await Promise.all(others.map((agent) => agent.tryJoin(id)));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(49);
    for (const answer of refused) {
      expect(refusal(answer)).toMatchObject({ status: 409, code: 'PARTY_FULL', retryable: true });
    }
    expect((await host.get(id)).members).toHaveLength(2);
  });

  it('offer no more places than the server allows', async () => {
    const [alice] = await threeAgents();
    expect(refusal(await alice.tryCreate({ maxPeers: 601 }))).toMatchObject({ code: 'PARTY_TOO_LARGE' });
    expect((await alice.create({ maxPeers: 600 })).maxPeers).toBe(600);
  });

  it('give back the same address after leaving', async () => {
    const [alice, bob, carol] = await threeAgents();
    const { id } = await alice.create();
    const addressOf = (party: Awaited<ReturnType<TestAgent['get']>>, agent: TestAgent) =>
      party.members.find((member) => member.id === agent.peerId)?.virtualIp;
    const before = addressOf(await bob.join(id), bob);
    await bob.leave(id);
    await carol.join(id);
    expect(addressOf(await bob.join(id), bob)).toBe(before);

    await alice.leave(id);
    const { members, hostId } = await alice.join(id);
    expect(members.at(-1)).toMatchObject({ id: alice.peerId, virtualIp: '10.66.0.1' });
    expect(hostId).toBe(carol.peerId);
  });

  it('pass to the longest-present member when the host leaves, who keeps its address', async () => {
    const [alice, bob, carol] = await threeAgents();
    const { id } = await alice.create();
    const joined = await bob.join(id);
    await carol.join(id);
    expect((await alice.leave(id)).status).toBe(204);
    const party = await carol.get(id);
    expect(party).toMatchObject({ hostId: bob.peerId, revision: 4 });
    expect(party.members).toEqual([
      joined.members.find((member) => member.id === bob.peerId),
      expect.objectContaining({ id: carol.peerId }),
    ]);
  });

  it('close when the last one leaves, and leaving is done once and for all', async () => {
    const [alice, bob] = await threeAgents();
    const { id } = await alice.create();
    expect((await bob.leave(id)).status).toBe(204);
    expect((await alice.leave(id)).status).toBe(204);
    expect((await alice.leave(id)).status).toBe(204);
    expect(refusal(await bob.tryJoin(id)).code).toBe('PARTY_NOT_FOUND');
    expect((await alice.create()).id).not.toBe(id);
  });

  it('let a member go whose goodbye another one brings: of this stay, and no other', async () => {
    const [alice, bob, carol] = await threeAgents();
    const ticketOf = (answer: Answer) => (answer.body as { leaveTicket: string }).leaveTicket;
    const created = await alice.tryCreate();
    const { id } = partySnapshotSchema.parse(created.body);
    const first = await bob.tryJoin(id);
    // One stay has one ticket, also under another name; and nobody sees that of another one.
    expect(ticketOf(await bob.tryJoin(id, 'Robert'))).toBe(ticketOf(first));
    expect(JSON.stringify((await alice.tryGet(id)).body)).not.toContain('icket');
    const connection = await alice.connect();
    const handOn = (by: TestAgent, leaveTicket: string, peerId = bob.peerId) =>
      by.ask('POST', `${id}/goodbyes`, { peerId, leaveTicket });
    const expectRefusal = (answer: Answer, status: number, code: string) =>
      expect(refusal(answer)).toMatchObject({ status, code });

    expectRefusal(await handOn(alice, ticketOf(created)), 403, 'WRONG_LEAVE_TICKET');
    expectRefusal(await handOn(alice, Buffer.alloc(16).toString('base64')), 403, 'WRONG_LEAVE_TICKET');
    expectRefusal(await handOn(alice, 'short'), 400, 'INVALID_REQUEST');
    expectRefusal(await handOn(carol, ticketOf(first)), 404, 'PARTY_NOT_FOUND');
    expect((await bob.get(id)).members).toHaveLength(2);

    expect((await handOn(alice, ticketOf(first))).status).toBe(204);
    expect(await connection.next('member.left')).toMatchObject({ peerId: bob.peerId, reason: 'left' });
    expect((await handOn(alice, ticketOf(first))).status).toBe(204);

    const second = await bob.tryJoin(id);
    expectRefusal(await handOn(alice, ticketOf(first)), 403, 'WRONG_LEAVE_TICKET');
    expect((await bob.get(id)).members).toHaveLength(2);
    expect((await handOn(alice, ticketOf(second))).status).toBe(204);
    expectRefusal(await bob.tryGet(id), 404, 'PARTY_NOT_FOUND');
    connection.close();
  });

  it('tell strangers nothing: there is no difference between missing, closed and private', async () => {
    const [alice, bob, stranger] = await threeAgents();
    const { id } = await alice.create();
    const closed = await bob.create();
    await bob.leave(closed.id);
    const missing = await stranger.tryGet('0123456789ab');
    expect(refusal(missing)).toMatchObject({ status: 404, code: 'PARTY_NOT_FOUND' });
    expect((await stranger.tryGet(id)).body).toEqual(missing.body);
    expect((await stranger.tryGet(closed.id)).body).toEqual(missing.body);
    expect((await stranger.tryJoin(closed.id)).body).toEqual(missing.body);
    await alice.leave(id);
    expect((await alice.tryGet(id)).body).toEqual(missing.body);
  });

  it.each(['x', '0123456789AB', '0123456789abc', '%27%20OR%201=1', '..%2F..%2Fetc'])(
    'refuse the malformed id %s',
    async (partyId) => {
      const [alice] = await threeAgents();
      expect(refusal(await alice.tryJoin(partyId))).toMatchObject({ status: 400, code: 'INVALID_PARTY_ID' });
      expect(refusal(await alice.tryGet(partyId))).toMatchObject({ status: 400, code: 'INVALID_PARTY_ID' });
    },
  );

  it.each([
    ['empty', '   '],
    ['too long', 'x'.repeat(51)],
    ['with a control character', 'Ali\u0007ce'],
    ['with a direction override', 'Ali\u202ece'],
    ['missing', undefined],
  ])('refuse a name that is %s', async (_what, peerName) => {
    const [alice] = await threeAgents();
    const answer = await postJson(control.url, '/v1/parties', { name: 'LAN', peerName }, alice.token);
    expect(refusal(answer)).toMatchObject({ status: 400, code: 'INVALID_NAME' });
  });

  it('store names verbatim', async () => {
    const [alice] = await threeAgents();
    const name = `<b onclick="x">'; DROP TABLE parties; -- 🎮`;
    expect(await alice.create({ name, peerName: name })).toMatchObject({ name, members: [{ name }] });
  });

  it.each([
    ['a size of one', { maxPeers: 1 }],
    ['a size in words', { maxPeers: 'many' }],
    ['presence that is none', { presence: { endpoint: 'home' } }],
  ])('refuse %s', async (_what, fault) => {
    const [alice] = await threeAgents();
    const body = { name: 'LAN', peerName: 'Alice', ...fault };
    const answer = await postJson(control.url, '/v1/parties', body, alice.token);
    expect(refusal(answer)).toMatchObject({ status: 400, code: 'INVALID_REQUEST', retryable: false });
  });

  it('show members where the others are, as they said themselves', async () => {
    const [alice, bob] = await threeAgents();
    const presence = { natType: 'full_cone', endpoint: '192.0.2.7:41000' } as const;
    const { id } = await alice.create({ presence: { ...presence, endpoint: null } });
    await bob.tryJoin(id, 'Bob', { presence });
    expect((await alice.get(id)).members).toMatchObject([
      { natType: 'full_cone', endpoint: null },
      { natType: 'full_cone', endpoint: '192.0.2.7:41000' },
    ]);
  });

  it('are listed nowhere, unless their host wants it', async () => {
    const [alice] = await threeAgents();
    await alice.create();
    const answer = await send(control.url, 'GET', '/v1/parties');
    expect(answer).toMatchObject({ status: 200, body: { parties: [], nextCursor: null } });
  });
});
