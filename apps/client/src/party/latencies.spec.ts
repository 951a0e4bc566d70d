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
