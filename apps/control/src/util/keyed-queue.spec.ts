import { KeyedQueue } from './keyed-queue';

/** A task that ends when it is told to. */
function task() {
  let started = false;
  let finish!: (result: string) => void;
  const end = new Promise<string>((resolve) => (finish = resolve));
  return {
    run: () => {
      started = true;
      return end;
    },
    hasStarted: () => started,
    finish: (result = '') => finish(result),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('KeyedQueue', () => {
  it('runs the tasks of one key in turn, those of others at once', async () => {
    const queue = new KeyedQueue<string>();
    const [first, second, other] = [task(), task(), task()];
    const results = [queue.run('a', first.run), queue.run('a', second.run)];
    void queue.run('b', other.run);
    await settled();
    expect([first, second, other].map((each) => each.hasStarted())).toEqual([true, false, true]);

    first.finish('one');
    await settled();
    expect(second.hasStarted()).toBe(true);
    second.finish('two');
    expect(await Promise.all(results)).toEqual(['one', 'two']);
  });

  it('goes on after a failure, which only its own caller hears of', async () => {
    const queue = new KeyedQueue<string>();
    const failing = queue.run('a', () => Promise.reject(new Error('no')));
    const following = queue.run('a', () => 'fine');
    await expect(failing).rejects.toThrow('no');
    expect(await following).toBe('fine');
  });
});
