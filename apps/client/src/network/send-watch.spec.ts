import { SendWatch } from './send-watch';

describe('the pauses between what leaves for a peer', () => {
  let watch: SendWatch;
  let looks: number;
  let startedAtMs: number;
  /** When something leaves for Bob, in milliseconds from the start. */
  let sendsAtMs: number[];

  beforeEach(() => {
    jest.useFakeTimers();
    [looks, startedAtMs, sendsAtMs] = [0, performance.now(), []];
    watch = new SendWatch(() => {
      looks += 1;
      const sent = sendsAtMs.filter((atMs) => atMs <= performance.now() - startedAtMs).length;
      const counters: [string, number][] = [
        ['bob', 500 + 96 * sent],
        ['carol', looks],
      ];
      return Promise.resolve(new Map(counters));
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** When the pause is there, in milliseconds from the start. */
  const pauseAt = async (publicKey: string, askedAtMs = 0) => {
    await jest.advanceTimersByTimeAsync(askedAtMs);
    const pause = watch.pause(publicKey).then(() => performance.now() - startedAtMs);
    await jest.advanceTimersByTimeAsync(200);
    return pause;
  };

  it('begin when something has left', async () => {
    sendsAtMs = [-10, 16];
    expect(await pauseAt('bob')).toBe(16);
  });

  it('are not waited for where nothing leaves within 35 ms, nor where nothing is counted', async () => {
    expect(await pauseAt('bob')).toBe(36);
    startedAtMs = performance.now();
    expect(await pauseAt('dave')).toBe(0);
  });

  it.each([
    ['are there when there is time until the next', 60, 60],
    ['are waited for when the next is due', 74, 80],
  ])('%s', async (_, askedAtMs, foundAtMs) => {
    sendsAtMs = [20, 50, 80];
    watch.watch('bob');
    expect(await pauseAt('bob', askedAtMs)).toBe(foundAtMs);
  });

  it('are looked for once for all peers, and not any more when nobody asks', async () => {
    sendsAtMs = [16];
    await Promise.all([pauseAt('bob'), pauseAt('carol')]);
    const looksInAll = looks;
    expect(looksInAll).toBeLessThan(60);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(looks).toBe(looksInAll);
  });
});
