import { pino } from 'pino';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FastPath, type FlowOwner } from './fast-path';
import { type Counted, type Flow, nothing } from './flow';
import type { Forwarder } from './forwarder';

const flow: Flow = {
  from: { address: '192.0.2.2', port: 1000 },
  local: '192.0.2.1',
  port: 51_900,
  index: 1,
  to: { address: '198.51.100.2', port: 2000 },
};

/** A kernel in which every flow has carried the same. */
class Kernel implements Forwarder {
  readonly capacity = Infinity;
  constructor(private readonly carried: Counted) {}
  change = (removed: readonly Flow[]) => Promise.resolve(removed.map(() => this.carried));
  count = () => Promise.resolve(nothing);
  close = () => Promise.resolve();
}

class Owner implements FlowOwner {
  wanted: Flow[] = [flow];
  readonly accounts: Counted[] = [];
  flows = () => this.wanted;
  carried = (_: Flow, counted: Counted) => this.accounts.push(counted) > 0;
}

describe('the fast path', () => {
  const carried = { packets: 70_000, bytes: 7_000_000 };
  let path: FastPath;
  beforeEach(() => (path = new FastPath(new Kernel(carried), pino({ enabled: false }))));
  afterEach(() => path.stop());

  it('accounts for what a flow carried since the last count when it is taken out', async () => {
    const owner = new Owner();
    path.changed(owner);
    await nextTurn();
    owner.wanted = [];
    path.changed(owner);
    await nextTurn();
    await nextTurn();
    expect(owner.accounts).toEqual([carried]);
    expect(path.size).toBe(0);
  });
});
