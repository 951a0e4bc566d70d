/** Runs the tasks of one key one after the other, in the order in which they came; keys do not wait for each other. */
export class KeyedQueue<Key> {
  private readonly tails = new Map<Key, Promise<unknown>>();

  /** @returns what the task returns; a task that fails does not hold up the next one */
  run<Result>(key: Key, task: () => Result | Promise<Result>): Promise<Result> {
    const result = (this.tails.get(key) ?? Promise.resolve()).then(task);
    const tail = result
      .catch(() => undefined)
      .then(() => {
        if (this.tails.get(key) === tail) this.tails.delete(key);
      });
    this.tails.set(key, tail);
    return result;
  }
}
