/** Whose network, or which server, is at fault when players do not reach each other: both sides name the same one. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { LabPlayer, othersIn, type PartyStatus, type PeerStatus } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { until } from './support/processes';

/** Within which a player has to know whose UDP is blocked, from entering the party. */
const TOLD_WITHIN_MS = 4_000;
/** A path that died is noticed by its silence first; each look is a process. */
const NOTICED = { timeoutMs: 30_000, intervalMs: 1_000 };
const OURS = 'Alice: This network blocks UDP';
const THEIRS = "Bob: The other player's network blocks UDP";
/** Runs a command where a user is logged in at a desktop whose notify-send takes notes. */
const withDesktop = [
  ...['unshare', '--mount', 'sh', '-c'],
  `mkdir -p /run/user && mount -t tmpfs -o mode=755 none /run/user && mount -t tmpfs -o mode=755 none /usr/local/sbin
  mkdir -m 700 /run/user/1000
  "${process.execPath}" -e "net.createServer().listen('/run/user/1000/bus', () => process.kill(process.pid, 'SIGKILL'))"
  chown -R 1000:1000 /run/user/1000
  cat > /usr/local/sbin/notify-send <<'END'
#!/bin/sh
{ id -u; printf '%s\\n' "$@"; } > /run/user/1000/notice.new && mv /run/user/1000/notice.new /run/user/1000/notice
END
  chmod 755 /usr/local/sbin/notify-send && exec "$@"`,
  'sh',
];

describeLab('whose fault it is', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: LabPlayer;
  let bob: LabPlayer;

  const blockUdp = (host: Host) =>
    host.exec(['nft', '-f', '-'], {
      input: `table inet blocked {
        chain in { type filter hook input priority filter; iifname "eth0" meta l4proto udp drop; }
        chain out { type filter hook output priority filter; oifname "eth0" meta l4proto udp drop; }
      }`,
    });
  const reasonAt = async (player: LabPlayer) => othersIn(await player.status())[0]?.reason?.code;
  const told = (player: LabPlayer, code: string) =>
    until(`${player.name} is told ${code}`, async () => (await reasonAt(player)) === code, NOTICED);
  /** Waits until the player's screen says this once more than when `before` was taken. */
  const count = (player: LabPlayer, text: string) => player.logs.split(text).length - 1;
  const screen = (player: LabPlayer, text: string) => {
    const before = count(player, text);
    return (timeoutMs = 30_000) =>
      until(`${player.name} reads "${text}"`, () => count(player, text) > before, { timeoutMs });
  };
  const problems = async (player: LabPlayer) =>
    new Set(
      (await player.findings()).filter(({ severity }) => severity === 'problem').map(({ code }) => code),
    );

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'));
    // Relayed for good, as these two let nobody in.
    alice = await LabPlayer.at(await lab.hostBehind('alice', 'port_restricted'), server.url);
    bob = await LabPlayer.at(await lab.hostBehind('bob', 'symmetric'), server.url);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([alice, bob].map((player) => player?.stop()));
    await server?.stop();
    await lab?.close();
    await Promise.all([alice, bob].map((player) => player?.removeHome()));
  }, 60_000);

  it("is a network's that blocks UDP: who is behind it knows soon, and so does the other", async () => {
    alice.start('create', 'Blocked', '--as', 'Alice');
    await screen(alice, 'Ctrl-C leaves')();
    // What a host needs first, and what the next command need not be told again.
    expect(alice.logs).toMatch(/^http:\/\/\S+#join=[\w-]{80}\n/);
    await until('the server is remembered', () => existsSync(join(alice.home, 'config.json')));
    expect(JSON.parse(await readFile(join(alice.home, 'config.json'), 'utf8'))).toEqual({
      server: server.url,
    });
    await blockUdp(bob.host);
    const { party } = await alice.status();
    const aliceIsTold = screen(alice, THEIRS);
    bob.start('join', party.id, '--as', 'Bob');
    const bobIsTold = screen(bob, OURS);
    await screen(bob, 'You are in')();
    await bobIsTold(TOLD_WITHIN_MS);
    await aliceIsTold();
    expect(await problems(bob)).toEqual(new Set(['own_udp_blocked']));
    expect(await problems(alice)).toEqual(new Set(['peer_udp_blocked']));
  }, 60_000);

  it("is that network's as well when it begins to in the middle of a game", async () => {
    await unblocked();
    const told = [screen(bob, OURS), screen(alice, THEIRS)];
    await blockUdp(bob.host);
    for (const isTold of told) await isTold();
    await unblocked();
  }, 120_000);

  it('is told to a player whose agent runs in the background, and to those who listen to it', async () => {
    const carol = await LabPlayer.at(await lab.hostBehind('carol', 'port_restricted'), server.url);
    try {
      carol.wrapper = withDesktop;
      await carol.startAgent();
      carol.wrapper = [];
      await blockUdp(carol.host);
      const listening = carol.run('events', '--json');
      const { id } = (await alice.status()).party;
      const joined = await carol.run('join', id, '--as', 'Carol', '--wait', '--json');
      expect(joined.code).toBe(1);
      expect(JSON.parse(joined.stderr)).toMatchObject({
        error: { code: 'PEER_UNREACHABLE', message: expect.stringContaining('Alice, Bob') as string },
      });
      const { party } = JSON.parse(joined.stdout) as PartyStatus;
      expect(party.peers.map(({ connectionType }) => connectionType)).toEqual(['failed', 'failed', 'direct']);
      const notice = `/proc/${carol.pid}/root/run/user/1000/notice`;
      const shown = await until('the desktop shows a notice', () => readFile(notice, 'utf8').catch(() => ''));
      expect(shown).toMatch(
        /^1000\n--app-name=LANrage\n--icon=.*\n--\n(Alice|Bob) is not reached\nThis network blocks UDP/,
      );
      await carol.stop();
      const heard = (await listening).stdout.trim().split('\n');
      const events = heard.map((line) => JSON.parse(line) as { event: string; data: PeerStatus });
      expect(events[0]).toMatchObject({ event: 'status', data: { status: 'no_party' } });
      const failures = events.filter(({ data }) => data?.connectionType === 'failed');
      expect(failures.map(({ event, data }) => `${event} ${data.name} ${data.reason?.code}`).sort()).toEqual([
        'connectionChanged Alice own_udp_blocked',
        'connectionChanged Bob own_udp_blocked',
      ]);
      expect(events.at(-1)).toEqual({ event: 'ended', data: null });
    } finally {
      await carol.stop();
      await carol.removeHome();
    }
  }, 60_000);

  it("is the server's when its relay answers nobody", async () => {
    const isTold = screen(alice, '\nBob: ');
    await blockUdp(server.host);
    await isTold();
    await Promise.all([alice, bob].map((player) => told(player, 'relays_unreachable')));
    expect(await problems(alice)).toEqual(new Set(['relays_unreachable']));
  }, 60_000);

  it("is the server's when it is away, and no firewall's", async () => {
    await server.killApp('control');
    await Promise.all([alice, bob].map((player) => told(player, 'server_down')));
    const { advice } = (await alice.findings()).find(({ code }) => code === 'server_silent') ?? {};
    expect(advice).toContain('nothing listens');
    const said = (await alice.status()).party.peers.map(
      ({ reason }) => `${reason?.message} ${reason?.advice}`,
    );
    expect(said.join()).not.toMatch(/firewall|block/i);
  }, 60_000);

  async function unblocked(): Promise<void> {
    const isRelayed = screen(bob, 'Alice: connected via the relay');
    await bob.host.exec(['nft', 'delete', 'table', 'inet', 'blocked']);
    await isRelayed();
  }
});
