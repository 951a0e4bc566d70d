import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { Ipv4Access } from './ipv4-access';

const relay = parseEndpoint('203.0.113.7:51900') as Endpoint;
const wellKnown = ['64:ff9b::c000:aa', '64:ff9b::c000:ab'];
const own = ['2001:db8:64::c000:aa', '2001:db8:64::c000:ab'];

class Network {
  ipv4 = false;
  ipv6 = true;
  answers: readonly string[] | Promise<readonly string[]> = wellKnown;
  questions = 0;

  hasRoute(protocol: 'ipv4' | 'ipv6'): Promise<boolean> {
    return Promise.resolve(this[protocol]);
  }

  async ipv6AddressesOf(name: string): Promise<readonly string[]> {
    expect(name).toBe('ipv4only.arpa');
    this.questions++;
    return this.answers;
  }
}

describe('the way to IPv4 addresses', () => {
  let network: Network;
  let access: Ipv4Access;

  beforeEach(() => {
    jest.useFakeTimers();
    network = new Network();
    access = new Ipv4Access(network);
  });
  afterEach(() => jest.useRealTimers());

  it('is IPv4 where there is a route, and nobody is asked for a prefix', async () => {
    network.ipv4 = true;
    expect(await access.look()).toEqual({ kind: 'native' });
    expect(access.outward(relay)).toBe(relay);
    expect(network.questions).toBe(0);
  });

  it('is taken for IPv4 where there is no network at all, and nobody is asked', async () => {
    network.ipv6 = false;
    expect(await access.look()).toEqual({ kind: 'native' });
    expect(network.questions).toBe(0);
  });

  it("is the network's NAT64, and what comes from there is known by its IPv4 address", async () => {
    expect(await access.look()).toMatchObject({ kind: 'nat64', prefix: { bits: 96 } });
    expect(access.outward(relay)).toBe('[64:ff9b::cb00:7107]:51900');
    expect(access.inward(access.outward(relay))).toBe(relay);
    expect(access.inwardAddress(access.outwardAddress('203.0.113.7'))).toBe('203.0.113.7');
  });

  it('is none where nobody has a prefix, or does not answer in time', async () => {
    network.answers = [];
    expect(await access.look()).toEqual({ kind: 'none' });
    expect(access.isOutOfReach('203.0.113.7')).toBe(true);
    network.answers = new Promise(() => undefined);
    const renewed = access.renew();
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await renewed).toEqual({ kind: 'none' });
  });

  it('is asked for once, however many wait and however often', async () => {
    await Promise.all([access.look(), access.look()]);
    jest.advanceTimersByTime(30_000);
    await access.look();
    expect(network.questions).toBe(1);
  });

  it('is IPv4 again soon after there is a route', async () => {
    await access.look();
    network.ipv4 = true;
    jest.advanceTimersByTime(2_000);
    expect(await access.look()).toEqual({ kind: 'native' });
  });

  it('is not asked for twice at a time, though nobody answers', async () => {
    network.answers = new Promise(() => undefined);
    for (let look = 0; look < 3; look++) {
      const looking = access.renew();
      await jest.advanceTimersByTimeAsync(2_000);
      await looking;
    }
    expect(network.questions).toBe(1);
  });

  it('is looked for again soon where there is none', async () => {
    network.answers = [];
    await access.look();
    network.answers = wellKnown;
    expect(await access.look()).toEqual({ kind: 'none' });
    jest.advanceTimersByTime(2_000);
    expect(await access.look()).toMatchObject({ kind: 'nat64' });
  });

  it('is another one in another network, where peers of the former are still known', async () => {
    const first = await access.look();
    const sentTo = access.outward(relay);
    expect(await access.renew()).toBe(first);
    network.answers = own;
    expect(await access.renew()).not.toBe(first);
    expect(access.outward(relay)).toBe('[2001:db8:64::cb00:7107]:51900');
    expect(access.inward(sentTo)).toBe(relay);
    network.ipv4 = true;
    await access.renew();
    expect(access.outward(relay)).toBe(relay);
    expect(access.inward(sentTo)).toBe(relay);
  });
});
