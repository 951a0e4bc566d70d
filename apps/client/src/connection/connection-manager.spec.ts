import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import type { VirtualIp } from '#shared/party/virtual-ip';
import type { PeerReading } from '../network/device';
import type { PeerNetwork } from '../network/peer-network';
import { ConnectionManager, type ConnectionTarget } from './connection-manager';

const relay = parseEndpoint('192.0.2.1:52000') as Endpoint;
const otherRelay = parseEndpoint('192.0.2.1:52001') as Endpoint;
const bob: ConnectionTarget = {
  isHopeless: false,
  peerId: 'b'.repeat(16) as PeerId,
  publicKey: 'bob',
  virtualIp: '10.66.0.2' as VirtualIp,
  online: true,
  relay,
  seeksDirect: true,
  leads: true,
};
const carol: ConnectionTarget = { ...bob, peerId: 'c'.repeat(16) as PeerId, publicKey: 'carol' };

const home = parseEndpoint('203.0.113.7:40000') as Endpoint;
const order = (isFirst: boolean) => ({
  candidates: [{ kind: 'reflexive' as const, endpoint: home }],
  isFirst,
  isNeighbour: false,
});

/** WireGuard as far as the manager sees it: peers, with a handshake when somebody answers. */
class FakeNetwork implements PeerNetwork {
  readonly calls: string[] = [];
  readonly sizeProbes: string[] = [];
  readonly answering = new Set<string>();
  /** Where the last packet of a peer came from, if not from its relay. */
  readonly cameFrom = new Map<string, Endpoint>();
  failure: LanrageError | undefined;
  private readonly peers = new Map<string, number>();
  private rxBytes = 0;

  addPeer({ publicKey, endpoint }: { publicKey: string; endpoint: Endpoint }): Promise<void> {
    this.calls.push(`add ${publicKey} ${endpoint}`);
    if (this.failure) return Promise.reject(this.failure);
    this.peers.set(publicKey, Date.now());
    return Promise.resolve();
  }

  removePeer(publicKey: string): Promise<void> {
    this.calls.push(`remove ${publicKey}`);
    this.peers.delete(publicKey);
    return Promise.resolve();
  }

  knockPeer({ publicKey }: { publicKey: string }, candidates: readonly Endpoint[]): Promise<void> {
    this.calls.push(`knock ${publicKey} ${candidates.join(' ')}`);
    this.peers.set(publicKey, Date.now());
    return Promise.resolve();
  }

  readPeers(): Promise<ReadonlyMap<string, PeerReading>> {
    this.rxBytes += 1;
    const readings = [...this.peers.keys()].map((publicKey): [string, PeerReading] => {
      const answers = this.answering.has(publicKey);
      const rxBytes = answers ? this.rxBytes : 0;
      const endpoint = this.cameFrom.get(publicKey) ?? null;
      return [publicKey, { publicKey, endpoint, handshakeAtMs: answers ? 1 : null, rxBytes, txBytes: 0 }];
    });
    return Promise.resolve(new Map(readings));
  }

  answerCheck({ publicKey }: { publicKey: string }, answer: { endpoint: Endpoint; home: Endpoint }) {
    this.calls.push(`answer ${publicKey} ${answer.endpoint} ${answer.home}`);
    return Promise.resolve();
  }

  sayHeard(virtualIp: string): void {
    this.calls.push(`say heard ${virtualIp}`);
  }

  probeSizes(virtualIp: string, sizes: readonly number[]): void {
    this.sizeProbes.push(`${virtualIp} ${sizes.join(' ')}`);
  }

  limitPackets(virtualIp: string, bytes: number | null): Promise<boolean> {
    this.calls.push(`limit ${virtualIp} ${bytes}`);
    return Promise.resolve(true);
  }

  flickPeer(
    { publicKey }: { publicKey: string },
    candidates: readonly Endpoint[],
    home: Endpoint,
  ): Promise<void> {
    this.calls.push(`flick ${publicKey} ${candidates.join(' ')} ${home}`);
    return Promise.resolve();
  }

  pointPeer(publicKey: string, endpoint: Endpoint): Promise<void> {
    this.calls.push(`point ${publicKey} ${endpoint}`);
    return Promise.resolve();
  }

  probe(virtualIp: string): Promise<null> {
    this.calls.push(`probe ${virtualIp}`);
    return Promise.resolve(null);
  }

  saySent(virtualIp: string): void {
    this.calls.push(`say sent ${virtualIp}`);
  }
}

describe('connections', () => {
  let network: FakeNetwork;
  let manager: ConnectionManager;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    network = new FakeNetwork();
    manager = new ConnectionManager(network);
    manager.start();
  });

  afterEach(async () => {
    await manager.stop();
    jest.useRealTimers();
  });

  it('follow the party: peers come, move and go', async () => {
    await manager.reconcile([bob, carol]);
    await manager.reconcile([{ ...bob, relay: otherRelay }]);
    expect(network.calls).toEqual([
      `add bob ${relay}`,
      `add carol ${relay}`,
      'remove carol',
      `add bob ${otherRelay}`,
    ]);
    expect(manager.pathOf(carol.peerId)).toBeUndefined();
  });

  it('are asked for the packets that they carry once they carry any, and limited until the peer is gone', async () => {
    await manager.reconcile([bob]);
    expect(network.sizeProbes).toEqual([]);
    network.answering.add('bob');
    await jest.advanceTimersByTimeAsync(1_500);
    expect(network.sizeProbes[0]).toBe('10.66.0.2 1280 45');
    const answer = (bytes: number) =>
      manager.sizeAnswered(bob.virtualIp, { bytes, sentAtMs: performance.now(), roundTripMs: 5 });
    for (let round = 0; round < 10; round++) {
      answer(45);
      answer(1_152);
      await jest.advanceTimersByTimeAsync(200);
    }
    expect(manager.packetLimitOf(bob.peerId)).toBe(1_152);
    await manager.reconcile([]);
    await jest.advanceTimersByTimeAsync(0);
    expect(network.calls.filter((call) => call.startsWith('limit')).at(0)).toBe('limit 10.66.0.2 1152');
    expect(network.calls.at(-1)).toBe('limit 10.66.0.2 null');
    expect(manager.packetLimitOf(bob.peerId)).toBeNull();
  });

  it('are touched by nothing that changes nothing', async () => {
    await manager.reconcile([bob]);
    await manager.reconcile([bob]);
    expect(network.calls).toEqual([`add bob ${relay}`]);
  });

  it('settle when the last one is decided', async () => {
    const changes: string[] = [];
    manager.on('change', ({ peerId, before, after }) => changes.push(`${peerId[0]} ${before} → ${after}`));
    network.answering.add('bob');
    await manager.reconcile([bob, carol]);
    let settledAtMs: number | undefined;
    const startedAtMs = Date.now();
    const settled = manager.settled().then(() => (settledAtMs = Date.now()));
    await jest.advanceTimersByTimeAsync(10_000);
    await settled;
    expect(changes).toEqual(['b connecting → relayed', 'c connecting → failed']);
    expect((settledAtMs ?? Infinity) - startedAtMs).toBeLessThan(10_000);
  });

  it('settle at once when there is nobody, and when they are stopped', async () => {
    await manager.settled();
    await manager.reconcile([bob]);
    const settled = manager.settled();
    await manager.stop();
    await settled;
    expect(manager.pathOf(bob.peerId)).toBeUndefined();
  });

  it('heal: silence is noticed, probed and answered with a handshake within 15 s', async () => {
    network.answering.add('bob');
    await manager.reconcile([bob]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(manager.pathOf(bob.peerId)?.phase).toBe('relayed');
    network.answering.clear();
    network.calls.length = 0;
    await jest.advanceTimersByTimeAsync(15_000);
    expect(network.calls.slice(0, 4)).toEqual([
      `probe ${bob.virtualIp}`,
      `probe ${bob.virtualIp}`,
      `probe ${bob.virtualIp}`,
      `add bob ${relay}`,
    ]);
    network.answering.add('bob');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(manager.pathOf(bob.peerId)?.phase).toBe('relayed');
  });

  it('are tried at once when a peer comes back online', async () => {
    await manager.reconcile([{ ...bob, online: false }]);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(manager.pathOf(bob.peerId)?.phase).toBe('failed');
    network.calls.length = 0;
    await manager.reconcile([bob]);
    expect(network.calls).toEqual([`add bob ${relay}`]);
  });

  it('become direct when the control plane says so and packets come directly', async () => {
    const wanted: string[] = [];
    manager.on('attemptWanted', (peerId) => wanted.push(peerId));
    network.answering.add('bob');
    await manager.reconcile([bob]);
    await jest.advanceTimersByTimeAsync(1_000);
    network.calls.length = 0;
    await manager.beginAttempt(bob.peerId, order(true));
    // The probe measures the relay: it leaves when the candidate has had its moment.
    expect(network.calls).toEqual([
      `flick bob ${home} ${relay}`,
      `say sent ${bob.virtualIp}`,
      `probe ${bob.virtualIp}`,
    ]);
    network.calls.length = 0;
    network.cameFrom.set('bob', home);
    await manager.peerChecked(bob.virtualIp, Buffer.alloc(8));
    expect(network.calls).toEqual([`answer bob ${home} ${relay}`]);
    await manager.peerHeard(bob.virtualIp, home, 30);
    expect(network.calls.slice(1)).toEqual([`point bob ${home}`]);
    expect(manager.pathOf(bob.peerId)).toMatchObject({ phase: 'direct', direct: home });
    expect(wanted).toEqual([]);
  });

  it('open the NAT at once when the other side has done so', async () => {
    network.answering.add('bob');
    await manager.reconcile([bob]);
    await jest.advanceTimersByTimeAsync(1_000);
    await manager.beginAttempt(bob.peerId, order(false));
    network.calls.length = 0;
    await manager.peerSent('10.66.9.9' as VirtualIp);
    expect(network.calls).toEqual([]);
    await manager.peerSent(bob.virtualIp);
    expect(network.calls).toContain(`flick bob ${home} ${relay}`);
  });

  it('ask for an attempt when none was ordered', async () => {
    const wanted: string[] = [];
    manager.on('attemptWanted', (peerId) => wanted.push(peerId));
    network.answering.add('bob');
    await manager.reconcile([bob]);
    await jest.advanceTimersByTimeAsync(8_000);
    expect(wanted).toEqual([bob.peerId]);
  });

  it('survive a WireGuard that refuses: told, and tried again', async () => {
    const faults: LanrageError[] = [];
    manager.on('fault', (error) => faults.push(error));
    network.failure = new LanrageError('INTERFACE_FAILED');
    await manager.reconcile([bob]);
    expect(faults).toEqual([network.failure]);
    network.failure = undefined;
    network.answering.add('bob');
    await jest.advanceTimersByTimeAsync(2_000);
    expect(manager.pathOf(bob.peerId)?.phase).toBe('relayed');
  });
});
