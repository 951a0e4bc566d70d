/** Parties with a password, and what becomes of guessers. */
import { inParts } from '../../apps/control/src/util/lists';
import { codeOf, refusal, TestAgent, type Answer } from './support/control-agent';
import { TestControl } from './support/control-app';

const password = 'correct horse 🐴';

describe('a party with a password', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start({ LANRAGE_TRUST_PROXY: '1', LANRAGE_LIMIT_PASSWORDS: '5' });
  }, 60_000);
  afterAll(() => control.close());

  const newAgent = (name = 'Player') => TestAgent.signIn(control.url, name);
  /** As if through a proxy, which tells the address. */
  const tryFrom = (address: string, agent: TestAgent, id: string, word?: string) =>
    agent.ask(
      'POST',
      `${id}/join`,
      { peerName: 'Bob', ...(word !== undefined && { password: word }) },
      { 'X-Forwarded-For': address },
    );

  it('lets in who knows it, and tells the others what is missing', async () => {
    const [alice, bob] = [await newAgent('Alice'), await newAgent('Bob')];
    const { id, settings } = await alice.create({ password });
    expect(settings.hasPassword).toBe(true);
    expect(refusal(await bob.tryJoin(id))).toMatchObject({
      status: 403,
      code: 'PASSWORD_REQUIRED',
      retryable: false,
    });
    expect(refusal(await bob.tryJoin(id, 'Bob', { password: 'correct horse' }))).toMatchObject({
      status: 403,
      code: 'WRONG_PASSWORD',
    });
    expect(codeOf(await bob.tryJoin(id, 'Bob', { password: password.normalize('NFD') }))).toBe('done');
    expect(codeOf(await bob.tryJoin(id, 'Bob'))).toBe('done');
    await bob.leave(id);
    expect(codeOf(await bob.tryJoin(id))).toBe('PASSWORD_REQUIRED');
  });

  it('can get another one, and none', async () => {
    const [alice, bob] = [await newAgent('Alice'), await newAgent('Bob')];
    const { id } = await alice.create({ password });
    await alice.ask('PATCH', id, { password: 'another' });
    expect(codeOf(await tryFrom('192.0.2.1', bob, id, password))).toBe('WRONG_PASSWORD');
    expect(codeOf(await tryFrom('192.0.2.1', bob, id, 'another'))).toBe('done');
    await bob.leave(id);
    await alice.ask('PATCH', id, { password: null });
    expect(codeOf(await tryFrom('192.0.2.1', bob, id, 'whatever'))).toBe('done');
  });

  it('is not changed as often as its host likes', async () => {
    const alice = await newAgent('Alice');
    const { id } = await alice.create();
    const change = (count: number) =>
      alice.ask('PATCH', id, { password: `password ${count}` }, { 'X-Forwarded-For': '192.0.2.200' });
    const answers = [];
    for (let count = 0; count < 6; count++) answers.push(await change(count));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it('keeps neither the password nor a hash without salt, and shows nobody what it keeps', async () => {
    const agents = [await newAgent(), await newAgent()];
    const parties = await Promise.all(agents.map((agent) => agent.create({ password })));
    const rows = await control.query('SELECT password_hash FROM parties WHERE id = ANY($1)', [
      parties.map(({ id }) => id),
    ]);
    const hashes = rows.map((row) => String(row['password_hash']));
    for (const hash of hashes) expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/);
    expect(new Set(hashes).size).toBe(2);
    expect(JSON.stringify(parties)).not.toMatch(/scrypt|correct/);
  });

  it('limits wrong tries from one address, and right ones not at all', async () => {
    const alice = await newAgent('Alice');
    const { id } = await alice.create({ password, maxPeers: 20 });
    const family = await Promise.all(Array.from({ length: 8 }, () => newAgent()));
    const joins = await Promise.all(family.map((agent) => tryFrom('198.51.100.1', agent, id, password)));
    expect(joins.map(codeOf)).not.toContain('WRONG_PASSWORD');
    const bob = await newAgent('Bob');
    const guesses = [];
    for (let guess = 0; guess < 8; guess++)
      guesses.push(await tryFrom('198.51.100.2', bob, id, `guess ${guess}`));
    expect(guesses.map(codeOf)).toEqual([
      ...Array<string>(5).fill('WRONG_PASSWORD'),
      ...Array<string>(3).fill('RATE_LIMITED'),
    ]);
    expect(refusal(guesses.at(-1) as Answer).retryAfterSeconds).toBeGreaterThan(0);
    expect(codeOf(await tryFrom('198.51.100.2', bob, id, password))).toBe('RATE_LIMITED');
    expect(codeOf(await tryFrom('198.51.100.3', bob, id, password))).toBe('done');
  }, 20_000);

  it('is not guessed from many addresses, and honest players come in meanwhile', async () => {
    const alice = await newAgent('Alice');
    const { id } = await alice.create({ password });
    const [mallory, bob, carol] = [await newAgent('Mallory'), await newAgent('Bob'), await newAgent('Carol')];
    const addresses = Array.from({ length: 60 }, (_, index) => `203.0.113.${index + 1}`);
    const guesses: Answer[] = [];
    for (const part of inParts(addresses, 10))
      guesses.push(
        ...(await Promise.all(part.map((address) => tryFrom(address, mallory, id, `word ${address}`)))),
      );
    const codes = guesses.map(codeOf);
    expect(codes.filter((code) => code === 'WRONG_PASSWORD')).toHaveLength(33);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(27);
    expect(codeOf(await tryFrom('203.0.113.200', mallory, id, password))).toBe('RATE_LIMITED');

    expect(codeOf(await tryFrom('192.0.2.77', bob, id, 'mistyped'))).toBe('WRONG_PASSWORD');
    expect(codeOf(await tryFrom('192.0.2.77', bob, id, password))).toBe('done');
    expect(codeOf(await tryFrom('2001:db8::1', carol, id, password))).toBe('done');
    expect(codeOf(await tryFrom('203.0.113.1', mallory, id))).toBe('PASSWORD_REQUIRED');
  }, 30_000);

  it('does not hold up the rest of the party while somebody guesses', async () => {
    const [alice, bob] = [await newAgent('Alice'), await newAgent('Bob')];
    const { id } = await alice.create({ password });
    const guesses = Array.from({ length: 20 }, (_, index) => tryFrom(`10.1.${index}.1`, bob, id, 'guess'));
    const finished = Promise.all(guesses).then(() => 'guesses');
    const renamed = alice.ask('PATCH', id, { name: 'Finals' }).then(() => 'change');
    expect(await Promise.race([finished, renamed])).toBe('change');
    await finished;
  }, 20_000);
});

describe('a flood of passwords', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start({ LANRAGE_TRUST_PROXY: '1', LANRAGE_LIMIT_PASSWORDS: '5' });
  }, 60_000);
  afterAll(() => control.close());

  const newAgent = (name = 'Player') => TestAgent.signIn(control.url, name);
  const from = (address: string) => ({ 'X-Forwarded-For': address });
  const guess = (agent: TestAgent, id: string, index: number) =>
    agent.ask('POST', `${id}/join`, { peerName: 'M', password: `guess ${index}` }, from(`10.${index}.0.1`));

  it('at one party takes none of the turns of another, and is told when to come again', async () => {
    const [alice, bob, carol, mallory] = await Promise.all(['A', 'B', 'C', 'M'].map(newAgent));
    const [attacked, other] = [await alice!.create({ password }), await bob!.create({ password })];
    let answered = 0;
    const guesses = Array.from({ length: 100 }, async (_, index) => {
      const answer = await guess(mallory!, attacked.id, index);
      answered += codeOf(answer) === 'WRONG_PASSWORD' ? 1 : 0;
      return answer;
    });
    // Refused at once, so that by then the others wait.
    const refused = refusal(await Promise.race(guesses.map(refusedOnly)));
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED', retryable: true });
    expect(refused.retryAfterSeconds).toBeGreaterThan(0);
    const before = answered;
    expect(codeOf(await carol!.tryJoin(other.id, 'Carol', { password }))).toBe('done');
    // Two that were being computed, one that had its turn first, and what was done on the way. Not all sixteen that wait.
    expect(answered - before).toBeLessThanOrEqual(10);
    await Promise.all(guesses);
  }, 30_000);

  it('is not computed for those who may not set one', async () => {
    const [alice, bob] = [await newAgent('Alice'), await newAgent('Bob')];
    const { id } = await alice.create();
    await bob.join(id);
    const codes = [];
    for (let count = 0; count < 7; count++)
      codes.push(codeOf(await bob.ask('PATCH', id, { password }, from('192.0.2.1'))));
    expect(new Set(codes)).toEqual(new Set(['NOT_HOST']));
    expect(codeOf(await bob.tryCreate({ password }))).toBe('ALREADY_IN_PARTY');
    expect(codeOf(await bob.ask('PATCH', '0123456789ab', { password }))).toBe('PARTY_NOT_FOUND');
  });

  /** Settles for a try that was not looked at. */
  const refusedOnly = async (guessed: Promise<Answer>): Promise<Answer> => {
    const answer = await guessed;
    return codeOf(answer) === 'RATE_LIMITED' ? answer : new Promise(() => undefined);
  };
});

describe('the logs of a control plane', () => {
  it('hold no password', async () => {
    const lines: string[] = [];
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      lines.push(String(chunk));
      return true;
    });
    const control = await TestControl.start({ LANRAGE_LOG_LEVEL: 'trace' });
    try {
      const [alice, bob] = [await TestAgent.signIn(control.url), await TestAgent.signIn(control.url)];
      const { id } = await alice.create({ password: 'marker-one' });
      await bob.tryJoin(id, 'Bob', { password: 'marker-two' });
      await bob.ask('POST', `${id}/join`, { peerName: 7, password: 'marker-three' });
      await alice.ask('PATCH', id, { password: 'marker-four' });
    } finally {
      await control.close();
      write.mockRestore();
    }
    expect(lines.join('')).not.toMatch(/marker-|\$scrypt/);
  }, 60_000);
});
