/** The list of public parties. */
import { partyPageSchema, type PartyPage } from '#shared/api/discovery';
import { refusal, send, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { until } from './support/processes';

describe('public parties', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);
  afterAll(() => control.close());

  const host = async (options: Parameters<TestAgent['create']>[0]) => {
    const agent = await TestAgent.signIn(control.url, 'Alice');
    const party = await agent.create({ public: true, ...options });
    // As if somebody had been there, who left.
    await control.query('UPDATE parties SET visited = true WHERE id = $1', [party.id]);
    return { agent, party };
  };
  const find = async (query: Record<string, string> = {}): Promise<PartyPage> => {
    const answer = await send(control.url, 'GET', `/v1/parties?${new URLSearchParams(query).toString()}`);
    expect(answer.status).toBe(200);
    // As it is on the wire, so that nothing else is in it.
    expect(answer.body).toEqual(partyPageSchema.parse(answer.body));
    return answer.body as PartyPage;
  };
  const names = async (search: string) => (await find({ search })).parties.map(({ name }) => name).sort();

  it('are listed with what it takes to pick one, and with nothing about the players', async () => {
    const { party } = await host({ name: 'Gaming Night', maxPeers: 4, password: 'secret' });
    const bob = await TestAgent.signIn(control.url, 'Bob');
    await bob.tryJoin(party.id, 'Bob', { password: 'secret', presence: { endpoint: '192.0.2.9:999' } });
    const { parties } = await find({ search: 'gaming' });
    expect(parties).toEqual([
      { id: party.id, name: 'Gaming Night', playerCount: 2, maxPeers: 4, hasPassword: true },
    ]);
  });

  it('leave the list when they are locked, hidden or closed', async () => {
    const { agent, party } = await host({ name: 'Now you see it' });
    const isListed = async () => (await names('now you see')).length === 1;
    expect(await isListed()).toBe(true);
    for (const hidden of [{ locked: true }, { public: false }]) {
      await agent.ask('PATCH', party.id, hidden);
      expect(await isListed()).toBe(false);
      await agent.ask('PATCH', party.id, { locked: false, public: true });
      expect(await isListed()).toBe(true);
    }
    await agent.leave(party.id);
    expect(await isListed()).toBe(false);
  });

  it('are not listed when they are sealed, as nobody comes in from the list', async () => {
    await host({ name: 'Members only', sealed: true, voucher: Buffer.alloc(32).toString('base64') });
    const waiting = await TestAgent.signIn(control.url);
    await waiting.create({ name: 'Members alone', public: true, sealed: true });
    const connection = await waiting.connect();
    expect(await names('members')).toEqual([]);
    connection.close();
  });

  it('are not listed while nobody but their owner was ever in them, but while the owner waits there', async () => {
    const [alice, bob] = [await TestAgent.signIn(control.url), await TestAgent.signIn(control.url)];
    const { id } = await alice.create({ public: true, persistent: true, name: 'Waiting' });
    expect(await names('waiting')).toEqual([]);
    const connection = await alice.connect();
    expect(await names('waiting')).toEqual(['Waiting']);
    await alice.leave(id);
    expect(await names('waiting')).toEqual([]);
    await alice.join(id);
    connection.close();
    await until('the owner is away', async () => (await names('waiting')).length === 0);
    await bob.join(id);
    await Promise.all([alice.leave(id), bob.leave(id)]);
    expect(await names('waiting')).toEqual(['Waiting']);
  });

  it('are so many from one address, under however many keys, and others so many in all', async () => {
    const settings = {
      LANRAGE_LIMIT_PARTIES: '4',
      LANRAGE_LIMIT_PUBLIC_PARTIES: '2',
      LANRAGE_TRUST_PROXY: '1',
    };
    const limited = await TestControl.start(settings);
    try {
      const create = async (address: string, more: object = {}) => {
        const agent = await TestAgent.signIn(limited.url);
        const answer = await agent.ask('POST', '', { name: 'LAN', peerName: 'A', ...more }, from(address));
        return { agent, code: answer.status === 201 ? 'created' : refusal(answer).code, answer };
      };
      const from = (address: string) => ({ 'X-Forwarded-For': address });
      const house = '2001:db8:0:1::';
      const open = { public: true };
      const racing = Array.from({ length: 5 }, (_, index) => create(`${house}${index + 1}`, open));
      const codes = (await Promise.all(racing)).map(({ code }) => code).sort();
      expect(codes).toEqual([
        'TOO_MANY_PUBLIC_PARTIES',
        'TOO_MANY_PUBLIC_PARTIES',
        'TOO_MANY_PUBLIC_PARTIES',
        'created',
        'created',
      ]);

      const hidden = await create(`${house}6`, { password: 'secret' });
      const { id } = hidden.answer.body as { id: string };
      expect(refusal(await hidden.agent.ask('PATCH', id, open, from(`${house}6`)))).toMatchObject({
        status: 409,
        code: 'TOO_MANY_PUBLIC_PARTIES',
      });
      expect(refusal(await (await create('192.0.2.1')).agent.ask('PATCH', id, open)).code).toBe(
        'PARTY_NOT_FOUND',
      );
      expect((await create(`${house}7`)).code).toBe('created');
      expect((await create(`${house}8`)).code).toBe('TOO_MANY_PARTIES_FROM_ADDRESS');
      expect((await create(`${house}8`, { password: 'secret' })).code).toBe('TOO_MANY_PARTIES_FROM_ADDRESS');
      expect((await create('2001:db8:0:2::1', open)).code).toBe('created');

      await hidden.agent.leave(id);
      const again = await create(`${house}9`);
      expect(again.code).toBe('created');
      expect(JSON.stringify(again.answer.body)).not.toMatch(/origin|visited/);
      const kept = await limited.query('SELECT origin FROM parties');
      expect(JSON.stringify(kept)).not.toContain('2001');
    } finally {
      await limited.close();
    }
  }, 30_000);

  it('are found by any part of the name, taken literally', async () => {
    for (const name of ['100% Quake', 'quake_arena', 'Quake\\Live', 'Größe', "O'Quake"]) await host({ name });
    expect(await names('QUAKE')).toEqual(['100% Quake', "O'Quake", 'Quake\\Live', 'quake_arena'].sort());
    expect(await names('%')).toEqual(['100% Quake']);
    expect(await names('_')).toEqual(['quake_arena']);
    expect(await names('\\')).toEqual(['Quake\\Live']);
    expect(await names("'")).toEqual(["O'Quake"]);
    expect(await names('größe')).toEqual(['Größe']);
    expect(await names('doom')).toEqual([]);
  });

  it('come in pages that neither repeat nor skip, while others come and go', async () => {
    const created = [];
    for (let count = 0; count < 120; count++) created.push(await host({ name: `Paged ${count}` }));
    const seen: string[] = [];
    let page = await find({ search: 'paged' });
    for (let pages = 1; ; pages++) {
      seen.push(...page.parties.map(({ id }) => id));
      if (page.nextCursor === null) {
        expect(pages).toBe(3);
        break;
      }
      expect(page.parties).toHaveLength(50);
      await host({ name: 'Paged and new' });
      const gone = created.find(({ party }) => party.id === seen.at(-1));
      await gone?.agent.leave(gone.party.id);
      page = await find({ search: 'paged', cursor: page.nextCursor });
    }
    expect(seen).toEqual(created.map(({ party }) => party.id).reverse());
  }, 30_000);

  it.each(['x', '1-2', "0-000000000000' OR 1=1", '9999999999999999-000000000000'])(
    'refuse the cursor %s',
    async (cursor) => {
      const answer = await send(
        control.url,
        'GET',
        `/v1/parties?${new URLSearchParams({ cursor }).toString()}`,
      );
      expect(refusal(answer)).toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
    },
  );

  it('are not to be listed as often as one likes', async () => {
    const limited = await TestControl.start({ LANRAGE_LIMIT_SEARCHES: '3' });
    try {
      const codes = [];
      for (let count = 0; count < 4; count++)
        codes.push((await send(limited.url, 'GET', '/v1/parties')).status);
      expect(codes).toEqual([200, 200, 200, 429]);
    } finally {
      await limited.close();
    }
  }, 30_000);
});
