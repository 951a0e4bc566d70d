/** Parties that outlive their members and the server. */
import { ownedPartiesSchema } from '#shared/api/hosting';
import { codeOf, refusal, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { until } from './support/processes';

describe('a party that lasts', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start({
      LANRAGE_LIMIT_PERSISTENT_PARTIES: '2',
      LANRAGE_PARTY_KEEP_DAYS: '30',
      LANRAGE_PRESENCE_TIMEOUT_SECONDS: '1',
    });
  }, 60_000);
  afterAll(() => control.close());

  /** Connected, so that it does not time out. */
  const withAgents = async (names: readonly string[], use: (...agents: TestAgent[]) => Promise<void>) => {
    const agents = await Promise.all(names.map((name) => TestAgent.signIn(control.url, name)));
    const connections = await Promise.all(agents.map((agent) => agent.connect()));
    try {
      await use(...agents);
    } finally {
      for (const connection of connections) connection.close();
    }
  };
  const query = (sql: string, values: unknown[]) => control.query(sql, values);

  it(
    'survives being empty and a restart, with everybody’s address',
    () =>
      withAgents(['Alice', 'Bob'], async (alice, bob) => {
        const { id } = await alice.create({ persistent: true, name: 'Club' });
        const before = await bob.join(id);
        await alice.leave(id);
        await bob.leave(id);
        expect(codeOf(await bob.tryGet(id))).toBe('PARTY_NOT_FOUND');
        await control.restart();
        const again = await bob.join(id);
        expect(again.members).toMatchObject([{ id: bob.peerId, virtualIp: before.members[1]?.virtualIp }]);
        expect(again).toMatchObject({ name: 'Club', hostId: bob.peerId, ownerId: alice.peerId });
        expect(again.revision).toBe(before.revision + 3);
        expect((await alice.join(id)).members[1]?.virtualIp).toBe('10.66.0.1');
        await alice.ask('DELETE', id);
      }),
    20_000,
  );

  it('gives its owner the host’s role back, and the others hear of it', () =>
    withAgents(['Alice', 'Bob', 'Carol'], async (alice, bob, carol) => {
      const { id } = await alice.create({ persistent: true, password: 'secret' });
      await alice.leave(id);
      await bob.tryJoin(id, 'Bob', { password: 'secret' });
      const toBob = await bob.connect();
      await bob.ask('PATCH', id, { locked: true, password: 'only mine' });
      expect(codeOf(await carol.tryJoin(id))).toBe('PARTY_LOCKED');
      expect((await alice.join(id)).hostId).toBe(alice.peerId);
      expect(await toBob.next('member.joined')).toMatchObject({ hostId: alice.peerId });
      expect(codeOf(await bob.ask('PATCH', id, { locked: false }))).toBe('NOT_HOST');
      expect(codeOf(await alice.ask('POST', `${id}/ban`, { peerId: bob.peerId }))).toBe('done');
      toBob.close();
      await alice.ask('DELETE', id);
    }));

  it('outlives a member that vanished', () =>
    withAgents(['Bob'], async (bob) => {
      const alice = await TestAgent.signIn(control.url, 'Alice');
      const { id } = await alice.create({ persistent: true });
      await until('the silent owner was let go', async () => (await alice.tryGet(id)).status === 404);
      expect((await bob.join(id)).hostId).toBe(bob.peerId);
      await bob.leave(id);
      expect(codeOf(await alice.ask('DELETE', id))).toBe('done');
    }));

  it('takes up the stay of a member that timed out, without its asking for lock or password again', () =>
    withAgents(['Alice'], async (alice) => {
      const bob = await TestAgent.signIn(control.url, 'Bob');
      const { id } = await alice.create();
      await bob.join(id);
      await alice.ask('PATCH', id, { locked: true, password: 'secret' });
      await until('Bob was let go', async () => (await alice.get(id)).members.length === 1);
      const age = 'UPDATE leases SET departed_at = now() - $2::interval WHERE peer_id = $1';
      await query(age, [bob.peerId, '11 minutes']);
      expect(codeOf(await bob.tryJoin(id, 'Bob', { resume: true }))).toBe('PARTY_LOCKED');
      await alice.ask('PATCH', id, { locked: false });
      expect(codeOf(await bob.tryJoin(id, 'Bob', { resume: true }))).toBe('PASSWORD_REQUIRED');
      await alice.ask('PATCH', id, { locked: true });
      await query(age, [bob.peerId, '9 minutes']);
      expect(codeOf(await bob.tryJoin(id, 'Bob', { resume: true }))).toBe('done');
      await alice.ask('POST', `${id}/kick`, { peerId: bob.peerId });
      expect(codeOf(await bob.tryJoin(id, 'Bob', { resume: true }))).toBe('KICKED');
      expect(codeOf(await bob.tryJoin(id))).toBe('PARTY_LOCKED');
      await alice.leave(id);
    }));

  it('passes from owner to owner, and can be made one of passage', () =>
    withAgents(['Alice', 'Bob'], async (alice, bob) => {
      const { id } = await alice.create();
      await bob.join(id);
      expect(codeOf(await bob.ask('PATCH', id, { persistent: true }))).toBe('NOT_OWNER');
      expect(codeOf(await alice.ask('PATCH', id, { persistent: true }))).toBe('done');
      expect(codeOf(await alice.ask('PATCH', id, { ownerId: bob.peerId }))).toBe('done');
      expect(codeOf(await alice.ask('PATCH', id, { persistent: false }))).toBe('NOT_OWNER');
      expect(codeOf(await bob.ask('PATCH', id, { persistent: false }))).toBe('done');
      await alice.leave(id);
      await bob.leave(id);
      expect(codeOf(await bob.tryJoin(id))).toBe('PARTY_NOT_FOUND');
    }));

  it('is listed for its owner alone, in it or not', () =>
    withAgents(['Alice', 'Bob'], async (alice, bob) => {
      const owned = async (agent: TestAgent) => {
        const { status, body } = await agent.ask('GET', 'owned');
        expect(status).toBe(200);
        // As it is on the wire, so that nothing else is in it.
        expect(body).toEqual(ownedPartiesSchema.parse(body));
        return ownedPartiesSchema.parse(body);
      };
      const { id, createdAt } = await alice.create({ persistent: true, name: 'Club', maxPeers: 4 });
      await bob.join(id);
      const club = { id, name: 'Club', playerCount: 2, maxPeers: 4, createdAt, emptySince: null };
      expect(await owned(alice)).toEqual({ parties: [club], most: 2 });
      expect(await owned(bob)).toEqual({ parties: [], most: 2 });
      await Promise.all([alice.leave(id), bob.leave(id)]);
      const second = await alice.create({ persistent: true, name: 'Other' });
      expect((await owned(alice)).parties).toMatchObject([
        { id: second.id, playerCount: 1, emptySince: null },
        { id, playerCount: 0, emptySince: expect.any(String) },
      ]);
      await alice.ask('PATCH', second.id, { persistent: false });
      await alice.ask('DELETE', id);
      expect((await owned(alice)).parties).toEqual([]);
      await alice.leave(second.id);
      alice.token = 'none';
      expect(codeOf(await alice.ask('GET', 'owned'))).toBe('UNAUTHENTICATED');
    }));

  it('is one of few that an owner may have, also when many are wanted at once', () =>
    withAgents(['Alice', 'Bob'], async (alice, bob) => {
      const ids: string[] = [];
      for (let count = 0; count < 2; count++) {
        const { id } = await alice.create({ persistent: true });
        ids.push(id);
        await alice.leave(id);
      }
      expect(refusal(await alice.tryCreate({ persistent: true }))).toMatchObject({
        status: 409,
        code: 'TOO_MANY_PARTIES',
      });
      const { id } = await alice.create();
      await bob.join(id);
      expect(codeOf(await alice.ask('PATCH', id, { persistent: true }))).toBe('TOO_MANY_PARTIES');
      expect(codeOf(await alice.ask('DELETE', ids[0] ?? ''))).toBe('done');
      const tries = await Promise.all(
        [{ persistent: true }, { persistent: true, locked: true }].map((change) =>
          alice.ask('PATCH', id, change),
        ),
      );
      expect(tries.map(codeOf)).toEqual(['done', 'done']);
      const numbers = await query('SELECT kept_number FROM parties WHERE owner_id = $1 ORDER BY 1', [
        alice.peerId,
      ]);
      expect(numbers).toEqual([{ kept_number: 1 }, { kept_number: 2 }]);
      await Promise.all([id, ids[1]].map((each) => alice.ask('DELETE', each ?? '')));
    }));

  it(
    'ends when nobody has come for the time that the server keeps it',
    () =>
      withAgents(['Alice', 'Bob'], async (alice, bob) => {
        const [kept, forsaken] = [
          await alice.create({ persistent: true }),
          await bob.create({ persistent: true }),
        ];
        await alice.leave(kept.id);
        await bob.leave(forsaken.id);
        const age = 'UPDATE parties SET empty_since = now() - $2::interval WHERE id = $1';
        await query(age, [kept.id, '29 days']);
        await query(age, [forsaken.id, '31 days']);
        await control.restart();
        expect(codeOf(await alice.tryJoin(kept.id))).toBe('done');
        expect(codeOf(await bob.tryJoin(forsaken.id))).toBe('PARTY_NOT_FOUND');
        expect(await query('SELECT empty_since FROM parties WHERE id = $1', [kept.id])).toEqual([
          { empty_since: null },
        ]);
        expect(await query('SELECT * FROM leases WHERE party_id = $1', [forsaken.id])).toEqual([]);
        await alice.ask('DELETE', kept.id);
      }),
    20_000,
  );
});
