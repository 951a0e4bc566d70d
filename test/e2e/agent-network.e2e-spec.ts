import { randomBytes } from 'node:crypto';
import { chown, readdir } from 'node:fs/promises';
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { UdpEndpoint } from '../lab/udp-endpoint';
import { Machine } from './support/machine';
import { until } from './support/processes';

describeLab('the network of a party on two machines', () => {
  let lab: Lab;
  let alice: Machine;
  let bob: Machine;

  beforeAll(async () => {
    lab = await Lab.create();
    alice = await Machine.start(await lab.publicHost('alice', { delayMs: 10 }), '10.66.0.1');
    bob = await Machine.start(await lab.publicHost('bob', { delayMs: 10 }), '10.66.200.30');
    await Promise.all([alice.up(), bob.up()]);
    await bob.awaits(alice);
    await alice.meet(bob);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([alice?.close(), bob?.close()]);
    await lab?.close();
  }, 30_000);

  it('is one interface with one address, and a route to all of the virtual LAN', async () => {
    const { interfaceName } = bob.host;
    expect(await bob.ip('-4', '-br', 'address', 'show', interfaceName)).toContain('10.66.200.30/16');
    expect(await bob.ip('link', 'show', interfaceName)).toContain('mtu 1280');
    expect(await bob.ip('route', 'get', '10.66.77.1')).toContain(`dev ${interfaceName}`);
  });

  it('carries to one who was not told where the other is, once that one has begun', async () => {
    await until('the tunnel carries', async () => (await alice.latencyTo(bob)) ?? undefined);
    expect(await bob.latencyTo(alice)).not.toBeNull();
  });

  it('measures the way to a peer, there and back', async () => {
    const latencyMs = await alice.latencyTo(bob);
    expect(latencyMs).toBeGreaterThanOrEqual(40);
    // The delay of the lab is 40; a peer that does not answer is null.
    expect(latencyMs).toBeLessThan(4_000);
  });

  it.each([
    ["by the agents' echo where ICMP is filtered", 'meta l4proto icmp'],
    ['by ICMP where the agent does not answer', 'udp dport 10066'],
  ])('measures it %s', async (_how, filtered) => {
    const chain = `chain in { type filter hook input priority 0; ${filtered} drop; }`;
    await bob.nft(`table ip lanrage_test { ${chain}; }`);
    // Before there was a tunnel pings were in vain, which is not tried again at once.
    const measured = async () => (await alice.latencyTo(bob)) ?? undefined;
    expect(await until('Bob answers', measured)).toBeGreaterThanOrEqual(40);
    await bob.nft('delete table ip lanrage_test');
  });

  it('knows no latency of somebody who is not there', async () => {
    expect(await alice.call('measureLatency', '10.66.9.9')).toBeNull();
  });

  it('carries goodbyes', async () => {
    await alice.call('sayGoodbye', bob.virtualIp, randomBytes(32).toString('base64'));
    await until('Bob hears it', () => bob.events.length > 0);
    expect(bob.events).toEqual([{ event: 'goodbye', virtualIp: alice.virtualIp }]);
  });

  it('tells when the interface was taken away', async () => {
    const pid = bob.wireguardPid();
    await bob.ip('link', 'delete', 'dev', bob.host.interfaceName);
    await until('Bob notices', () => bob.events.some(({ event }) => event === 'died'));
    expect(await bob.traces(pid)).toEqual(['agent.lock']);
  });

  it('leaves nothing behind when it is stopped', async () => {
    const pid = alice.wireguardPid();
    expect(await alice.traces(pid)).toEqual([
      'interface',
      'route',
      'guard',
      'process',
      'socket',
      'agent.lock',
      'journal.json',
    ]);
    await alice.call('cleanup');
    expect(await alice.traces(pid)).toEqual([]);
  });
});

describeLab('the network of a party when things go wrong', () => {
  let lab: Lab;
  let machine: Machine;

  beforeAll(async () => {
    lab = await Lab.create();
  }, 60_000);

  afterAll(async () => {
    await lab?.close();
  }, 30_000);

  beforeEach(async () => {
    machine = await Machine.start(await lab.publicHost(`host${Date.now() % 100_000}`), '10.66.0.1');
  }, 30_000);

  afterEach(async () => {
    await machine.close();
  });

  it('takes another port when its own is taken', async () => {
    const { port } = await UdpEndpoint.open(machine.host);
    await machine.up(port);
    expect(await machine.ip('-4', '-br', 'address')).toContain('10.66.0.1/16');
    await machine.call('stop');
  });

  it.each([
    ['the agent was killed', false],
    ['the agent and wireguard-go were killed', true],
  ])('is removed at the next start after %s', async (_name, wireguardToo) => {
    await machine.up();
    const pid = machine.wireguardPid();
    await machine.kill();
    if (wireguardToo) process.kill(pid, 'SIGKILL');
    expect(await machine.traces(pid)).toContain('socket');
    await machine.startDriver();
    await machine.call('initialize');
    expect(await machine.traces(pid)).toEqual(['agent.lock']);
  });

  /** Runs another command in a mount namespace of its own, after this shell command. */
  const after = (command: string) => ['unshare', '--mount', 'sh', '-c', `${command} && exec "$@"`, 'sh'];

  it.each([
    ['a user', ['setpriv', '--reuid', '65534', '--clear-groups'], 'PERMISSION_DENIED: .* Run this with sudo'],
    [
      'root without the right',
      ['setpriv', '--bounding-set', '-net_admin'],
      'PERMISSION_DENIED: .*even root .*not permitted.*--cap-add NET_ADMIN',
    ],
    [
      'root without /dev/net/tun',
      after('mount -t tmpfs none /dev/net'),
      'INTERFACE_FAILED: .*/dev/net/tun .*modprobe tun',
    ],
    [
      'root with a read-only /var/run',
      after('mount -t tmpfs -o ro none /var/run'),
      'INTERFACE_FAILED: wireguard-go: UAPI listen error: .*read-only file system',
    ],
  ])('says why %s has no interface', async (_name, wrapper, expected) => {
    await machine.kill();
    if (expected.includes('sudo')) await chown(machine.home, 65_534, 65_534);
    await machine.startDriver(wrapper);
    const refusal = await machine.call('start').catch((error: Error) => error.message);
    expect(refusal).toMatch(new RegExp(expected));
    expect(refusal).not.toMatch(/[┌│└]/);
  });

  it('says so when nothing guards it, and is there nevertheless', async () => {
    await machine.kill();
    await machine.startDriver(after('mount --bind /dev/null "$(command -v nft)"'));
    await machine.up();
    expect(await machine.call('checkGuard')).toMatchObject({
      state: 'off',
      detail: expect.stringContaining('apt-get install nftables'),
    });
    expect(await machine.ip('-4', '-br', 'address')).toContain('10.66.0.1/16');
    await machine.call('cleanup');
  });

  it('is guarded again after another firewall flushed all rules', async () => {
    await machine.up();
    const pid = machine.wireguardPid();
    await machine.nft('flush', 'ruleset');
    expect(await machine.traces(pid)).not.toContain('guard');
    expect(await machine.call('checkGuard')).toMatchObject({ state: 'on', exposure: 'all', detail: null });
    expect(await machine.traces(pid)).toContain('guard');
    await machine.call('cleanup');
  });

  it('does not touch an interface of the same name that is not its own', async () => {
    const { interfaceName } = machine.host;
    await machine.ip('link', 'add', interfaceName, 'type', 'veth', 'peer', 'name', 'other-end');
    await expect(machine.call('start')).rejects.toThrow('INTERFACE_FAILED');
    await machine.call('initialize');
    expect(await machine.ip('-br', 'link')).toContain(interfaceName);
    expect(await readdir(machine.home)).toEqual(['agent.lock']);
  });
});
