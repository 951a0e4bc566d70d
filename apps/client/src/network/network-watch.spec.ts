import { NetworkWatch } from './network-watch';

describe('a watch on the network', () => {
  let watch: NetworkWatch;
  let changes: number;

  beforeEach(() => {
    jest.useFakeTimers();
    changes = 0;
    watch = new NetworkWatch('lanrage0');
    watch.on('change', () => changes++);
    watch.start();
  });
  afterEach(() => {
    watch.stop();
    jest.useRealTimers();
  });

  it('says nothing while nothing changes', () => {
    jest.advanceTimersByTime(60_000);
    expect(changes).toBe(0);
  });

  it('notices that the machine slept, once', () => {
    jest.advanceTimersByTime(5_000);
    // Suspended: the clock goes on, timers do not.
    jest.setSystemTime(Date.now() + 600_000);
    jest.advanceTimersByTime(5_000);
    expect(changes).toBe(1);
  });

  it('says nothing after it was stopped', () => {
    watch.stop();
    jest.setSystemTime(Date.now() + 600_000);
    jest.advanceTimersByTime(5_000);
    expect(changes).toBe(0);
  });
});
