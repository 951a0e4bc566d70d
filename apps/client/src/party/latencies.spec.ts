import type { PeerId } from '#shared/party/identity';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { Latencies } from './latencies';

const bob = { id: 'b'.repeat(16) as PeerId, virtualIp: '10.66.0.2' as VirtualIp };
const carol = { id: 'c'.repeat(16) as PeerId, virtualIp: '10.66.0.3' as VirtualIp };

describe('latencies', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('are null while unknown', () => {
    const latencies = new Latencies(() => Promise.resolve(null));
    expect(latencies.of(bob.id, Date.now())).toEqual({ latencyMs: null, latencyAgeMs: null });
  });

  it('carry their age, and outlive a ping that was lost', async () => {
    const answers = [12.5, null];
    const latencies = new Latencies(() => Promise.resolve(answers.shift() ?? null));
    await latencies.refresh([bob]);
    jest.advanceTimersByTime(7_000);
    await latencies.refresh([bob]);
    expect(latencies.of(bob.id, Date.now())).toEqual({ latencyMs: 12.5, latencyAgeMs: 7_000 });
  });

  it('are measured side by side, and once for all who ask at the same time', async () => {
    const asked: string[] = [];
    let answer: (latencyMs: number) => void = () => undefined;
    const slow = new Promise<number>((resolve) => (answer = resolve));
    const latencies = new Latencies((virtualIp) => {
      asked.push(virtualIp);
      return slow;
    });
    const both = Promise.all([latencies.refresh([bob, carol]), latencies.refresh([bob])]);
    expect(asked).toEqual([bob.virtualIp, carol.virtualIp]);
    answer(5);
    await both;
    expect(latencies.of(carol.id, Date.now()).latencyMs).toBe(5);
  });

  describe('are waited for', () => {
    const nobody = new Promise<null>(() => undefined);

    /** How long a refresh takes when the measurements before it gave these, and this one is not answered. */
    async function waitedAfter(...answers: (number | null)[]): Promise<number> {
      const latencies = new Latencies(() =>
        answers.length > 0 ? Promise.resolve(answers.shift() ?? null) : nobody,
      );
      while (answers.length > 0) {
        await latencies.refresh([bob]);
        jest.advanceTimersByTime(1_000);
      }
      let waitedMs = 0;
      let isOver = false;
      void latencies.refresh([bob]).then(() => (isOver = true));
      for (await jest.advanceTimersByTimeAsync(0); !isOver; waitedMs += 10)
        await jest.advanceTimersByTimeAsync(10);
      return waitedMs;
    }

    it.each<[string, (number | null)[], number]>([
      ['whose way is unknown, 0.4 s', [], 400],
      ['who answered last time, twice that time and a little', [20], 90],
      ['who is far away, 0.4 s', [300], 400],
      ['who did not answer last time, not at all', [20, null], 0],
      ['who never answered, not at all', [null], 0],
      ['who answers again, as before', [20, null, 30], 110],
    ])('%s', async (_name, answers, waitedMs) => {
      expect(await waitedAfter(...answers)).toBe(waitedMs);
    });

    it('from the beginning of the measurement that is under way', async () => {
      const latencies = new Latencies(() => nobody);
      void latencies.refresh([bob]);
      await jest.advanceTimersByTimeAsync(400);
      await latencies.refresh([bob]);
    });
  });

  it('count also when they come late', async () => {
    const latencies = new Latencies(async () => {
      await new Promise((resolve) => setTimeout(resolve, 900));
      return 900;
    });
    void latencies.refresh([bob]);
    await jest.advanceTimersByTimeAsync(900);
    expect(latencies.of(bob.id, Date.now())).toEqual({ latencyMs: 900, latencyAgeMs: 0 });
  });

  it('are not measured again within 0.1 s, however often they are asked for', async () => {
    let measured = 0;
    const latencies = new Latencies(() => Promise.resolve(++measured));
    for (let asked = 0; asked < 10; asked++) {
      await latencies.refresh([bob]);
      jest.advanceTimersByTime(50);
    }
    expect(measured).toBe(5);
  });

  it('are measured every 30 s, of whoever is there then', async () => {
    const measured: string[] = [];
    const latencies = new Latencies((virtualIp) => {
      measured.push(virtualIp);
      return Promise.resolve(1);
    });
    let present = [bob];
    latencies.start(() => present);
    await jest.advanceTimersByTimeAsync(30_000);
    present = [carol];
    await jest.advanceTimersByTimeAsync(30_000);
    latencies.stop();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(measured).toEqual([bob.virtualIp, carol.virtualIp]);
  });
});
