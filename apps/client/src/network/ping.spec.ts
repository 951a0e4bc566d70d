import { parsePingTime } from './ping';

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
