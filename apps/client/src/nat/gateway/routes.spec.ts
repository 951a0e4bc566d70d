import { defaultGatewayOf, gatewaysOf } from './routes';

const header = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
const table = (...lines: string[]) => [header, ...lines, ''].join('\n');
const lan = 'eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0';
const viaCable = 'eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0';
const viaAir = 'wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0';
const intoTunnel = 'wg0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0';
const half = 'tun0\t00000000\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0';
const down = 'eth1\t00000000\t0103A8C0\t0002\t0\t0\t1\t00000000\t0\t0\t0';

describe('the default gateway', () => {
  it.each([
    ['by the only default route', table(lan, viaCable), '192.168.1.1'],
    ['by the lowest metric', table(viaAir, viaCable), '192.168.1.1'],
    ['not into a device that needs none', table(intoTunnel, viaAir), '192.168.2.1'],
    ['not by a route to half of the internet', table(half, viaAir), '192.168.2.1'],
    ['not by a route that is down', table(down), null],
    ['in a LAN without one', table(lan), null],
    ['in an empty table', table(), null],
    ['without a table', '', null],
    ['in something else', 'eth0 00000000 xyz 0003 0 0 0 00000000', null],
  ])('%s', (_name, text, gateway) => {
    expect(defaultGatewayOf(text, true)).toBe(gateway);
  });

  it('is one of all that there are', () => {
    const text = table(lan, viaCable, viaAir, intoTunnel, half, down, viaCable);
    expect(gatewaysOf(text, true)).toEqual(['192.168.1.1', '192.168.2.1', '10.8.0.1']);
    expect(gatewaysOf('', true)).toEqual([]);
  });

  it('is written as the machine orders its bytes', () => {
    const line = 'eth0\t00000000\tC0A80101\t0003\t0\t0\t0\t00000000\t0\t0\t0';
    expect(defaultGatewayOf(table(line), false)).toBe('192.168.1.1');
  });
});
