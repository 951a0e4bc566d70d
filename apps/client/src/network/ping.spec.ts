import { parsePingTime, Pings } from './ping';

describe('the output of ping', () => {
  it.each([
    ['iputils', '64 bytes from 10.66.0.1: icmp_seq=1 ttl=64 time=60.2 ms', 60.2],
    ['iputils in German', '64 Bytes von 10.66.0.1: icmp_seq=1 ttl=64 Zeit=60 ms', 60],
    ['BusyBox', '64 bytes from 10.66.0.1: seq=0 ttl=64 time=0.080 ms', 0.08],
    ['below a resolution', '64 bytes from 10.66.0.1: icmp_seq=1 ttl=64 time<1 ms', 1],
    ['no answer', '1 packets transmitted, 0 received, 100% packet loss, time 0ms', null],
    ['an unreachable host', 'From 10.66.0.1 icmp_seq=1 Destination Host Unreachable', null],
    ['nothing', '', null],
  ])('%s', (_name, output, latencyMs) => {
    expect(parsePingTime(output)).toBe(latencyMs);
  });
});

describe('pings', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const addresses = ['10.66.0.1', '10.66.0.2', '10.66.0.3', '10.66.0.4', '10.66.0.5', '10.66.0.6'];

  it('are four at a time, and everybody has a turn', async () => {
    const running = new Map<string, (latencyMs: number) => void>();
    let most = 0;
    const pings = new Pings((address) => {
      const answer = new Promise<number>((resolve) => running.set(address, resolve));
      most = Math.max(most, running.size);
      return answer;
    });
    const measured = Promise.all(addresses.map((address) => pings.measure(address)));
    for (const [index, address] of addresses.entries()) {
      await jest.advanceTimersByTimeAsync(0);
      running.get(address)?.(index + 1);
      running.delete(address);
    }
    expect(await measured).toEqual([1, 2, 3, 4, 5, 6]);
    expect(most).toBe(4);
  });

  it('leave who did not answer alone for 10 s', async () => {
    const pinged: string[] = [];
    const pings = new Pings((address) => {
      pinged.push(address);
      return Promise.resolve(address === '10.66.0.1' ? null : 20);
    });
    const both = async () => [await pings.measure('10.66.0.1'), await pings.measure('10.66.0.2')];
    expect(await both()).toEqual([null, 20]);
    await jest.advanceTimersByTimeAsync(9_999);
    expect(await both()).toEqual([null, 20]);
    expect(pinged).toEqual(['10.66.0.1', '10.66.0.2', '10.66.0.2']);
    await jest.advanceTimersByTimeAsync(1);
    expect(await both()).toEqual([null, 20]);
    expect(pinged.slice(3)).toEqual(['10.66.0.1', '10.66.0.2']);
  });
});
