import { LanrageError, type ErrorCode } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { Goodbyes } from './goodbyes';

const party = '0123456789ab' as PartyId;
const [bob, carol] = ['b'.repeat(16), 'c'.repeat(16)] as [PeerId, PeerId];
const ticket = Buffer.alloc(16, 1);
/** Longer than any goodbye waits. */
const LONG_MS = 5_000;

describe('goodbyes', () => {
  let handedOn: PeerId[];
  let answer: ErrorCode | null;
  let server: { connected: boolean; passOnGoodbye: (id: PartyId, peerId: PeerId) => Promise<void> };
  let goodbyes: Goodbyes;

  beforeEach(() => {
    jest.useFakeTimers();
    handedOn = [];
    answer = null;
    server = {
      connected: true,
      passOnGoodbye: (_id, peerId) => {
        handedOn.push(peerId);
        return answer ? Promise.reject(new LanrageError(answer)) : Promise.resolve();
      },
    };
    goodbyes = new Goodbyes(party, server);
  });
  afterEach(() => {
    goodbyes.stop();
    jest.useRealTimers();
  });

  const wait = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  it('are handed on once, after the leaver had a moment to tell the server itself', async () => {
    goodbyes.heard(bob, ticket);
    goodbyes.heard(bob, ticket);
    goodbyes.heard(carol, ticket);
    await wait(999);
    expect(handedOn).toEqual([]);
    await wait(LONG_MS);
    expect(handedOn).toEqual([bob, carol]);
    await wait(LONG_MS);
    expect(handedOn).toEqual([bob, carol]);
  });

  it('are not handed on of whom the server has heard', async () => {
    goodbyes.heard(bob, ticket);
    goodbyes.heard(carol, ticket);
    goodbyes.keep(new Set([carol]));
    await wait(LONG_MS);
    expect(handedOn).toEqual([carol]);
  });

  it('wait while the server is away', async () => {
    server.connected = false;
    goodbyes.heard(bob, ticket);
    await wait(60_000);
    expect(handedOn).toEqual([]);
    server.connected = true;
    goodbyes.handOnSoon();
    await wait(LONG_MS);
    expect(handedOn).toEqual([bob]);
  });

  it('are handed on again when the server cannot take them just now, but not when it refuses', async () => {
    answer = 'CONTROL_UNAVAILABLE';
    goodbyes.heard(bob, ticket);
    await wait(LONG_MS);
    answer = 'WRONG_LEAVE_TICKET';
    await wait(LONG_MS);
    const tries = handedOn.length;
    expect(tries).toBeGreaterThan(1);
    goodbyes.heard(bob, ticket);
    await wait(LONG_MS);
    expect(handedOn).toHaveLength(tries);
  });

  it('are forgotten with the stay in the party', async () => {
    goodbyes.heard(bob, ticket);
    goodbyes.stop();
    await wait(LONG_MS);
    expect(handedOn).toEqual([]);
  });
});
