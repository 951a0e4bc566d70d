import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { challengeSchema, tokenGrantSchema } from '#shared/api/rest';
import { relayedSignIn } from '../attack/auth/relayed-sign-in';
import { TestControl } from './support/control-app';
import { postJson, refusal, send, TestAgent } from './support/control-agent';

/** Just these lines. @returns all that is answered */
async function sendRaw(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(lines.join('\r\n'));
  return text(socket);
}

describe('signing in', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);
  afterAll(() => control.close());
  afterEach(() => jest.restoreAllMocks());

  const redeem = (challenge: unknown) => postJson(control.url, '/v1/auth/token', challenge);
  const afterSeconds = (seconds: number) => {
    const nowMs = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(nowMs + seconds * 1000);
  };

  it('gives a token for the peer whose private key was proven', async () => {
    const agent = new TestAgent(control.url);
    const answer = await redeem(await agent.answerChallenge());
    expect(answer.status).toBe(200);
    const grant = tokenGrantSchema.parse(answer.body);
    expect(grant.peerId).toBe(agent.peerId);
    expect(Date.parse(grant.expiresAt) - Date.now()).toBeGreaterThan(3_500_000);
  });

  it('takes a proof once', async () => {
    const challenge = await new TestAgent(control.url).answerChallenge();
    expect((await redeem(challenge)).status).toBe(200);
    expect(refusal(await redeem(challenge))).toMatchObject({ status: 401, code: 'CHALLENGE_EXPIRED' });
  });

  it('does not let a wrong proof be followed by a right one', async () => {
    const challenge = await new TestAgent(control.url).answerChallenge();
    const wrong = { ...challenge, proof: randomBytes(32).toString('base64') };
    expect(refusal(await redeem(wrong))).toMatchObject({ status: 401, code: 'PROOF_REJECTED' });
    expect(refusal(await redeem(challenge))).toMatchObject({ code: 'CHALLENGE_EXPIRED' });
  });

  it('takes a proof until its minute is over', async () => {
    const agent = new TestAgent(control.url);
    const challenge = await agent.answerChallenge();
    afterSeconds(59);
    expect((await redeem(challenge)).status).toBe(200);

    jest.restoreAllMocks();
    const late = await agent.answerChallenge();
    afterSeconds(60);
    expect(refusal(await redeem(late))).toMatchObject({
      status: 401,
      code: 'CHALLENGE_EXPIRED',
      retryable: true,
    });
  });

  it("refuses a proof for another server's name, and one by another key", async () => {
    const elsewhere = await new TestAgent(control.url).answerChallenge('lanrage.example');
    expect(refusal(await redeem(elsewhere))).toMatchObject({ code: 'PROOF_REJECTED' });

    const victim = new TestAgent(control.url);
    const { body } = await postJson(control.url, '/v1/auth/challenge', { publicKey: victim.publicKey });
    const { challengeId } = challengeSchema.parse(body);
    const { proof } = await new TestAgent(control.url).answerChallenge();
    expect(refusal(await redeem({ challengeId, proof }))).toMatchObject({ code: 'PROOF_REJECTED' });
  });

  it.each([
    ['of low order', Buffer.alloc(32).toString('base64')],
    ['too short', Buffer.alloc(31, 1).toString('base64')],
    ['of 60 kB', Buffer.alloc(10_000, 1).toString('base64')],
    ['no base64', 'not a key'],
    ['no text', 5],
    ['missing', undefined],
  ])('refuses a public key that is %s', async (_what, publicKey) => {
    const answer = await postJson(control.url, '/v1/auth/challenge', { publicKey });
    expect(refusal(answer)).toMatchObject({ status: 400, code: 'INVALID_PUBLIC_KEY', retryable: false });
  });

  it.each([
    ['no token', undefined],
    ['a made-up one', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIwMTIzNDU2Nzg5YWJjZGVmIn0.'],
    ['another scheme', 'Basic YWxpY2U6c2VjcmV0'],
  ])('lets nobody in with %s', async (_what, authorization) => {
    const headers: Record<string, string> =
      authorization === undefined ? {} : { Authorization: authorization };
    const answer = await send(control.url, 'GET', '/v1/parties/0123456789ab', { headers });
    expect(refusal(answer)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
  });

  it('ends a token after its life', async () => {
    const agent = await TestAgent.signIn(control.url);
    const party = await agent.create();
    afterSeconds(3601);
    expect(refusal(await agent.tryGet(party.id))).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
  });

  it('keeps tokens good over a restart', async () => {
    const agent = await TestAgent.signIn(control.url);
    const party = await agent.create();
    await control.restart();
    expect(await agent.get(party.id)).toMatchObject({ id: party.id, hostId: agent.peerId });
  });
});

describe('a server that was told no name', () => {
  it('lets nobody pass on a sign-in under another name', async () => {
    const { tried, through } = await relayedSignIn.play({ effort: 0.1 });
    expect(tried).toBeGreaterThan(20);
    expect(through).toBe(0);
  }, 60_000);

  it('says which setting to make where it is reached under a name that it does not know', async () => {
    const control = await TestControl.start();
    try {
      // As a proxy does that nobody told the server of.
      const headers = { 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.9' };
      const body = JSON.stringify(await new TestAgent(control.url).answerChallenge());
      const answer = await send(control.url, 'POST', '/v1/auth/token', { headers, body });
      expect(refusal(answer)).toMatchObject({ status: 421, code: 'SERVER_NAME_UNKNOWN', retryable: false });
      expect(refusal(answer).message).toContain(new URL(control.url).host);
      expect(refusal(answer).message).toContain('LANRAGE_PUBLIC_URL');
    } finally {
      await control.close();
    }
  }, 60_000);

  it.each(['1.0', '1.1'])(
    'says that the Host header is missing, and does not blame the proof: HTTP/%s',
    async (version) => {
      const control = await TestControl.start();
      try {
        const body = JSON.stringify(await new TestAgent(control.url).answerChallenge());
        const answer = await sendRaw(control.port, [
          `POST /v1/auth/token HTTP/${version}`,
          'Content-Type: application/json',
          `Content-Length: ${body.length}`,
          'Connection: close',
          '',
          body,
        ]);
        expect(answer).toMatch(
          version === '1.0' ? /"SERVER_NAME_UNKNOWN"/ : /^HTTP\/1\.1 400 [^]*"INVALID_REQUEST"/,
        );
        expect(answer).toMatch(/"message":"[^"]*\bHost header\b[^"]*proxy/);
      } finally {
        await control.close();
      }
    },
    60_000,
  );

  it('is known by localhost to its own machine', async () => {
    const control = await TestControl.start();
    try {
      expect((await TestAgent.signIn(`http://localhost:${control.port}`)).token).not.toBe('');
    } finally {
      await control.close();
    }
  }, 60_000);
});

describe('a server that knows its public name', () => {
  it('takes proofs for that name alone, whatever the Host header says', async () => {
    const control = await TestControl.start({ LANRAGE_PUBLIC_URL: 'https://lanrage.example' });
    try {
      const url = `http://127.0.0.1:${control.port}`;
      const redeem = async (serverName: string) =>
        postJson(url, '/v1/auth/token', await new TestAgent(url).answerChallenge(serverName));
      expect((await redeem('lanrage.example')).status).toBe(200);
      expect(refusal(await redeem(new URL(url).host))).toMatchObject({ code: 'PROOF_REJECTED' });
    } finally {
      await control.close();
    }
  }, 60_000);
});
