/** Text that is made to break what stores or shows it, in every field of every request. */
import { partyPageSchema } from '#shared/api/discovery';
import { banListSchema } from '#shared/api/hosting';
import { TestAgent, send } from './support/control-agent';
import { TestControl } from './support/control-app';

const ADMIN_TOKEN = 'admin-token-of-this-test-0123456789abcdef';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const hostileTexts = [
  '\0',
  'a\0b',
  '\ud800',
  'a\udfff',
  '\u202e\u2066',
  '\u200b\u3164\u2800',
  '\u{e0001}\u{e0061}',
  '%00',
  "'; DROP TABLE parties; --",
  '\\',
  '%_%',
  'x'.repeat(90_000),
  '__proto__',
  'constructor',
  '\n\r\x1b[2J',
];
/** As JSON texts, since JSON.stringify cannot write all of them. */
const hostileJson = [
  ...hostileTexts.map((text) => JSON.stringify(text)),
  ...['-0', '1e999', '-1e999', '1e-999', '9007199254740993', '3.5', '-1', 'null', 'true', '{}', '[]'],
  ...['{"__proto__":{"a":1}}', '{"constructor":{"prototype":{}}}', nested(1000)],
];

describe('hostile text', () => {
  let control: TestControl;
  let alice: TestAgent;
  let partyId: string;
  const failures: string[] = [];

  beforeAll(async () => {
    control = await TestControl.start({ LANRAGE_ADMIN_TOKEN: ADMIN_TOKEN });
    alice = await TestAgent.signIn(control.url);
    ({ id: partyId } = await alice.create());
  }, 60_000);
  afterAll(() => control.close());

  const ask = async (method: string, path: string, body: string | null, token = alice.token) => {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
    const { status } = await send(control.url, method, path, { headers, ...(body !== null && { body }) });
    if (status >= 500) failures.push(`${status} ${method} ${path.slice(0, 80)} ${body?.slice(0, 80)}`);
  };
  const bodyWith = (good: object, field: string, json: string) =>
    `{${Object.entries({ ...good, [field]: undefined })
      .flatMap(([name, value]) =>
        value === undefined ? [] : [`${JSON.stringify(name)}:${JSON.stringify(value)}`],
      )
      .concat(`${JSON.stringify(field)}:${json}`)
      .join(',')}}`;
  const id = 'a'.repeat(12);

  it.each([
    [
      'POST',
      '/v1/parties',
      { name: 'LAN', peerName: 'Alice' },
      [
        'name',
        'peerName',
        'maxPeers',
        'presence',
        'password',
        'locked',
        'public',
        'persistent',
        'sealed',
        'discordUrl',
        'voucher',
        '__proto__',
      ],
    ],
    [
      'POST',
      `/v1/parties/${id}/join`,
      { peerName: 'Bob' },
      ['peerName', 'presence', 'password', 'resume', 'invite', 'voucher', 'constructor'],
    ],
    [
      'PATCH',
      '/v1/parties/PARTY',
      {},
      ['name', 'maxPeers', 'locked', 'public', 'password', 'discordUrl', 'hostId', 'ownerId', 'persistent'],
    ],
    ['POST', '/v1/parties/PARTY/kick', {}, ['peerId']],
    ['POST', '/v1/parties/PARTY/ban', {}, ['peerId']],
    ['POST', '/v1/parties/PARTY/unban', {}, ['peerId']],
    [
      'POST',
      '/v1/parties/PARTY/invites',
      { secretHash: Buffer.alloc(32).toString('base64'), expiresInSeconds: 60, maxUses: null },
      ['secretHash', 'expiresInSeconds', 'maxUses'],
    ],
    ['POST', '/v1/parties/PARTY/state', { key: 'k', value: 'v' }, ['key', 'value', 'version']],
    ['POST', '/v1/auth/challenge', {}, ['publicKey']],
    [
      'POST',
      '/v1/auth/token',
      { challengeId: 'c', proof: Buffer.alloc(32).toString('base64') },
      ['challengeId', 'proof'],
    ],
    ['POST', '/v1/admin/bans', {}, ['publicKey']],
  ])(
    'in the body of %s %s is refused or kept, and breaks nothing',
    async (method, path, good, fields) => {
      const token = path.startsWith('/v1/admin') ? ADMIN_TOKEN : alice.token;
      for (const field of fields)
        for (const json of hostileJson)
          await ask(method, path.replace('PARTY', partyId), bodyWith(good, field, json), token);
      expect(failures.splice(0)).toEqual([]);
    },
    60_000,
  );

  it.each(hostileJson.map((json) => [json.slice(0, 40), json]))(
    'as a whole body breaks nothing: %s',
    async (_, json) => {
      for (const path of ['/v1/parties', `/v1/parties/${id}/join`, '/v1/auth/challenge'])
        await ask('POST', path, json);
      expect(failures.splice(0)).toEqual([]);
    },
  );

  it('in paths and queries breaks nothing', async () => {
    const encoded = [
      '%00',
      '%ff',
      '%ed%a0%80',
      '%u0000',
      '..%2f..',
      '%E2%80%AE',
      '__proto__',
      "'",
      'x'.repeat(5000),
    ];
    for (const text of encoded) {
      await ask('GET', `/v1/parties?search=${text}`, null);
      await ask('GET', `/v1/parties?cursor=${text}`, null);
      await ask('GET', `/v1/parties?cursor=999999999999999-${id}`, null);
      await ask('GET', `/v1/parties?search=a&search=${text}`, null);
      await ask('GET', `/v1/parties?search[${text}]=a`, null);
      await ask('GET', `/v1/parties/${text}`, null);
      await ask('DELETE', `/v1/parties/${partyId}/invites/${text}`, null);
      await ask('GET', `/v1/admin/parties?search=${text}`, null, ADMIN_TOKEN);
      await ask('GET', `/v1/admin/parties?cursor=${text}`, null, ADMIN_TOKEN);
      await ask('GET', `/v1/admin/parties?cursor=999999999999999-${id}`, null, ADMIN_TOKEN);
      await ask('GET', `/v1/admin/bans?cursor=${text}`, null, ADMIN_TOKEN);
      await ask('GET', `/v1/admin/bans?cursor=999999999999999-${id}abcd`, null, ADMIN_TOKEN);
      await ask('DELETE', `/v1/admin/bans/${text}`, null, ADMIN_TOKEN);
      await ask('POST', `/v1/admin/relays/${text}/drain`, null, ADMIN_TOKEN);
      await ask('GET', `/${text}`, null);
    }
    expect(failures.splice(0)).toEqual([]);
  }, 60_000);

  it('that an older version let in is shown as something that agents can read', async () => {
    const [host, bob] = [await TestAgent.signIn(control.url), await TestAgent.signIn(control.url)];
    const { id: shared } = await host.create({ public: true });
    await bob.join(shared);
    await host.ask('POST', `${shared}/ban`, { peerId: alice.peerId });
    const invisible = '\u3164\u2800';
    await control.query("UPDATE parties SET name = $1, discord_url = 'https://x.invalid' WHERE id = $2", [
      invisible,
      shared,
    ]);
    await control.query('UPDATE members SET name = $1 WHERE party_id = $2', [invisible, shared]);
    await control.query('UPDATE bans SET name = $1 WHERE party_id = $2', [invisible, shared]);

    const party = await bob.get(shared);
    expect(party.name).toBe(shared);
    expect(party.settings.discordUrl).toBeNull();
    expect(party.members.map(({ name }) => name)).toEqual([host.peerId, bob.peerId]);
    const connection = await bob.connect();
    expect(connection.first.party?.members).toHaveLength(2);
    await host.ask('PATCH', shared, { locked: true });
    expect((await connection.next('party.changed')).name).toBe(shared);
    await host.ask('PATCH', shared, { locked: false });
    connection.close();
    const { body: bans } = await host.ask('GET', `${shared}/bans`);
    expect(banListSchema.parse(bans).bans).toMatchObject([{ name: alice.peerId }]);
    const { body: page } = await send(control.url, 'GET', '/v1/parties');
    expect(partyPageSchema.parse(page).parties).toMatchObject([{ name: shared }]);
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const { body: all } = await send(control.url, 'GET', `/v1/admin/parties?search=${shared}`, { headers });
    expect(all).toMatchObject({ parties: [{ name: shared, hostName: host.peerId }] });
    const { body: one } = await send(control.url, 'GET', `/v1/admin/parties/${shared}`, { headers });
    expect(one).toMatchObject({ name: shared, members: [{ name: host.peerId }, { name: bob.peerId }] });
  });
});
