import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeLab } from './available';
import { Host } from './host';
import { Lab } from './lab';
import { UdpEndpoint } from './udp-endpoint';

describeLab('Lab', () => {
  describe('paths', () => {
    let lab: Lab;
    let server: Host, alice: Host, bob: Host, dave: Host;

    beforeAll(async () => {
      lab = await Lab.create();
      server = await lab.publicHost('server');
      alice = await lab.hostBehind('alice', 'port_restricted', { delayMs: 15 });
      bob = await lab.hostBehind('bob', 'cgnat', { delayMs: 10 });
      dave = await lab.sameLanAs(alice, 'dave');
    }, 30_000);

    afterEach(() => alice.router.setPath({ delayMs: 15 }));
    afterAll(() => lab.close());

    test.each([
      ['a host and a server', () => [alice, server.address, 30] as const],
      ['two sites', () => [alice, bob.router.publicAddress, 50] as const],
      ['a LAN', () => [alice, dave.address, 0] as const],
    ])('take their delay each way: %s', async (_, path) => {
      const [from, to, roundTripMs] = path();
      const times = await roundTrips(from, to);
      expect(median(times)).toBeGreaterThanOrEqual(roundTripMs);
      // Within 1 ms on an idle machine; the rest is for the other tests that run on this one.
      expect(median(times)).toBeLessThan(roundTripMs + 10);
    });

    test('vary by their jitter and never reorder', async () => {
      await alice.router.setPath({ delayMs: 10, jitterMs: 9 });
      const times = await roundTrips(alice, server.address);
      expect(Math.min(...times)).toBeGreaterThanOrEqual(2);
      expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2);

      const [sender, receiver] = await Promise.all([
        UdpEndpoint.open(alice),
        UdpEndpoint.open(server, { address: server.address }),
      ]);
      const numbers = Array.from({ length: 100 }, (_, index) => String(index));
      for (const number of numbers) await sender.send(number, receiver.endpoint);
      const received: string[] = [];
      while (received.length < numbers.length) received.push((await receiver.receive()).text);
      expect(received).toEqual(numbers);
    });

    test('lose what they are told to lose', async () => {
      await alice.router.setPath({ lossPercent: 100 });
      expect(await reaches(alice, server.address)).toBe(false);
      await alice.router.setPath({ lossPercent: 50 });
      const { stdout } = await alice.exec(['ping', '-c200', '-i0.002', '-W1', server.address]);
      const answered = stdout.match(/time=/g)?.length ?? 0;
      // Both ways must succeed: 50 ± 6 (one standard deviation) of 200.
      expect(answered).toBeGreaterThan(10);
      expect(answered).toBeLessThan(90);
    });

    test('carry TCP', async () => {
      const script = `
        const hash = () => require('node:crypto').createHash('sha256');
        const server = require('node:net').createServer((socket) => {
          socket.pipe(hash().setEncoding('hex')).on('data', (digest) => { console.log(digest); process.exit(); });
        });
        server.listen(80, () => console.log('listening'));`;
      const receiver = server.spawn([process.execPath, '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(receiver, 'close');
      let output = '';
      receiver.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
      while (!output.includes('listening')) await once(receiver.stdout ?? receiver, 'data');

      const client = `
        const bytes = require('node:crypto').randomBytes(2e6);
        console.log(require('node:crypto').createHash('sha256').update(bytes).digest('hex'));
        require('node:net').connect(80, '${server.address}').end(bytes);`;
      const sent = await bob.exec([process.execPath, '-e', client]);
      await ended;
      expect(output).toBe(`listening\n${sent.stdout}`);
    });

    test('carry 20,000 datagrams at 20,000 a second', async () => {
      const counter = `table ip count {
        chain input {
          type filter hook input priority raw;
          udp dport 9 counter drop
        }
      }`;
      await server.exec(['nft', '-f', '-'], { input: counter });
      const script = `
        const socket = require('node:dgram').createSocket('udp4');
        const startMs = performance.now();
        let sent = 0, taken = 0;
        const timer = setInterval(() => {
          for (; sent < Math.min(20e3, (performance.now() - startMs) * 20); sent++) {
            socket.send(Buffer.alloc(1200), 9, '${server.address}', () => { if (++taken === 20e3) socket.close(); });
          }
          if (sent === 20e3) clearInterval(timer);
        }, 1);`;
      expect(await alice.exec([process.execPath, '-e', script])).toMatchObject({ code: 0 });
      expect(await reaches(alice, server.address)).toBe(true);
      const { stdout } = await server.exec(['nft', 'list', 'table', 'ip', 'count']);
      expect(stdout).toContain('packets 20000 ');
    }, 20_000);

    test('go down and come back with a link', async () => {
      await alice.linkDown();
      expect(await reaches(alice, server.address)).toBe(false);
      expect(await reaches(dave, server.address)).toBe(true);
      await alice.linkUp();
      expect(await reaches(alice, server.address)).toBe(true);

      await server.linkDown();
      expect(await reaches(alice, server.address)).toBe(false);
      await server.linkUp();
      expect(await reaches(alice, server.address)).toBe(true);
    });

    test('lose UDP to one remote in silence, both ways, until restored', async () => {
      const [socket, first, second] = await Promise.all([
        UdpEndpoint.open(alice),
        UdpEndpoint.open(server, { address: server.address }),
        UdpEndpoint.open(server, { address: server.address }),
      ]);
      await socket.send('opens the mapping', first.endpoint);
      const { from } = await first.receive();
      await alice.router.dropUdp({ to: first.endpoint });
      await socket.send('vanishes', first.endpoint);
      await first.send('vanishes', from);
      await socket.send('passes', second.endpoint);
      expect((await second.receive()).text).toBe('passes');
      expect(await first.drain()).toEqual([]);
      expect(await reaches(alice, server.address)).toBe(true);
      expect(await socket.drain()).toEqual([]);

      await alice.router.restoreUdp();
      await first.send('passes again', from);
      expect((await socket.receive()).text).toBe('passes again');
    });

    test('have room for homes that use the same addresses', async () => {
      const carol = await lab.hostBehind('carol', 'port_restricted', { lanPrefix: '192.168.1' });
      const erin = await lab.hostBehind('erin', 'port_restricted', { lanPrefix: '192.168.1' });
      expect(carol.address).toBe(erin.address);
      expect(await reaches(carol, erin.router.publicAddress)).toBe(true);
    });
  });

  describe('commands', () => {
    let lab: Lab;
    let host: Host;

    beforeAll(async () => {
      lab = await Lab.create();
      host = await lab.publicHost('host');
    });

    afterAll(() => lab.close());

    test('get input and environment, and give output and exit code', async () => {
      const script = 'cat; echo "$WORD"; echo oops >&2; exit 3';
      const result = await host.exec(['sh', '-c', script], { input: 'in ', env: { WORD: 'out' } });
      expect(result).toEqual({ code: 3, stdout: 'in out\n', stderr: 'oops\n' });
    });

    test('are killed when they take too long', async () => {
      expect(await host.exec(['sleep', 'infinity'], { timeoutMs: 50 })).toMatchObject({ code: null });
    });
  });

  describe('clean-up', () => {
    test('close() ends processes and removes namespaces, of this lab only', async () => {
      const [lab, other] = [await Lab.create(), await Lab.create()];
      const alice = await lab.hostBehind('alice', 'cgnat', { delayMs: 1 });
      const neighbour = await other.hostBehind('alice', 'full_cone', { delayMs: 1 });
      const child = alice.spawn(['sh', '-c', 'sleep infinity & echo $!; wait'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const grandchild = await firstLine(child);
      mkdirSync('/var/run/wireguard', { recursive: true });
      writeFileSync(socketFile(alice.interfaceName), '');

      await lab.close();
      expect(leftOf(alice)).toEqual([]);
      expect(isRunning(grandchild)).toBe(false);
      expect(existsSync(socketFile(alice.interfaceName))).toBe(false);
      expect(neighbour.interfaceName).not.toBe(alice.interfaceName);
      expect(await reaches(neighbour, neighbour.router.publicAddress)).toBe(true);

      await other.close();
      expect(leftOf(neighbour)).toEqual([]);
    });

    test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('happens when %s ends the owner', async (signal) => {
      const { owner, namespace, sleeper } = await startOwner();
      owner.kill(signal);
      // The guardian shares the owner's stderr, which closes when the last of the two is gone.
      await once(owner, 'close');
      expect(leftOf({ namespace })).toEqual([]);
      expect(isRunning(sleeper)).toBe(false);
    });

    test('happens with the next lab when the guardian was killed too', async () => {
      const { owner, namespace, sleeper } = await startOwner();
      process.kill(guardianOf(owner), 'SIGKILL');
      owner.kill('SIGKILL');
      await once(owner, 'close');
      await (await Lab.create()).close();
      expect(leftOf({ namespace })).toEqual([]);
      expect(isRunning(sleeper)).toBe(false);
    });
  });
});

async function reaches(from: Host, to: string): Promise<boolean> {
  return (await from.exec(['ping', '-c1', '-W1', to])).code === 0;
}

/** Milliseconds of 20 pings. */
async function roundTrips(from: Host, to: string): Promise<number[]> {
  const { stdout } = await from.exec(['ping', '-c20', '-i0.02', to]);
  const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
  expect(times).toHaveLength(20);
  return times;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** Another process that builds a lab with a sleeping process in it. */
async function startOwner(): Promise<{ owner: ChildProcess; namespace: string; sleeper: number }> {
  const script = `
    const { Lab } = require(${JSON.stringify(join(__dirname, 'lab.ts'))});
    (async () => {
      const lab = await Lab.create();
      const host = await lab.hostBehind('alice', 'symmetric', { delayMs: 1 });
      const sleeper = host.spawn(['sleep', 'infinity'], { stdio: 'ignore', detached: true });
      console.log(host.namespace, sleeper.pid);
    })();`;
  const owner = spawn(process.execPath, ['-r', 'tsx/cjs', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  owner.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [namespace, pid] = (await firstLine(owner)).split(' ');
  if (!namespace) throw new Error(`The owner built no lab: ${stderr}`);
  return { owner, namespace, sleeper: Number(pid) };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  return chunk.toString().trim();
}

/** Namespaces of the lab of a host. */
function leftOf({ namespace }: { namespace: string }): string[] {
  const lab = namespace.slice(0, namespace.lastIndexOf('-') + 1);
  return readdirSync('/run/netns').filter((name) => name.startsWith(lab));
}

/** A zombie, which only waits for its parent to look, does not run. */
function isRunning(pid: number | string): boolean {
  const status = `/proc/${pid}/status`;
  return existsSync(status) && !readFileSync(status, 'utf8').includes('State:\tZ');
}

function guardianOf(owner: ChildProcess): number {
  const children = readFileSync(`/proc/${owner.pid}/task/${owner.pid}/children`, 'utf8').trim().split(' ');
  const guardian = children.find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('lab-guardian'),
  );
  return Number(guardian);
}

function socketFile(interfaceName: string): string {
  return `/var/run/wireguard/${interfaceName}.sock`;
}
