import { LanrageError } from '#shared/errors';
import { Turns } from './turns';

describe('turns', () => {
  let done: string[];
  let intervalMs: number;
  let turns: Turns;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    done = [];
    intervalMs = 1_000;
    turns = new Turns(
      () => work('look'),
      () => intervalMs,
    );
  });
  afterEach(() => jest.useRealTimers());

  const work = async (name: string, ms = 0) => {
    done.push(`${name} begins`);
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    done.push(`${name} ends`);
  };
  const looks = () => done.filter((line) => line === 'look ends').length;

  it('are taken one after the other, in the order of asking', async () => {
    const last = [turns.take(() => work('one', 50)), turns.take(() => work('two'))].at(-1);
    await jest.advanceTimersByTimeAsync(50);
    await last;
    expect(done).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
  });

  it('look as often as they are asked to, and only while they run', async () => {
    await turns.take(() => work('early'));
    await jest.advanceTimersByTimeAsync(5_000);
    expect(looks()).toBe(0);
    turns.start();
    await jest.advanceTimersByTimeAsync(3_000);
    expect(looks()).toBe(3);
    await turns.stop();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(looks()).toBe(3);
  });

  it('look sooner when a turn has made that necessary, and never later than they would have', async () => {
    turns.start();
    await jest.advanceTimersByTimeAsync(500);
    intervalMs = 100;
    await turns.take(() => work('change'));
    await jest.advanceTimersByTimeAsync(100);
    expect(looks()).toBe(1);
    intervalMs = 10_000;
    await turns.take(() => work('change'));
    await jest.advanceTimersByTimeAsync(100);
    expect(looks()).toBe(2);
  });

  it('go on after one that was refused, which is told', async () => {
    const faults: LanrageError[] = [];
    turns.on('fault', (error) => faults.push(error));
    const refusal = new LanrageError('INTERFACE_FAILED');
    await turns.take(() => Promise.reject(refusal));
    await turns.take(() => work('next'));
    expect([faults, done.at(-1)]).toEqual([[refusal], 'next ends']);
  });

  it('end with what was begun', async () => {
    turns.start();
    void turns.take(() => work('one', 50));
    let hasStopped = false;
    const stopped = turns.stop().then(() => (hasStopped = true));
    await jest.advanceTimersByTimeAsync(49);
    expect(hasStopped).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await stopped;
    expect(done.at(-1)).toBe('one ends');
  });
});
