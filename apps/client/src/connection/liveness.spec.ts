import { alive, answered, probed, watch, type Liveness, type Patience } from './liveness';

const patience: Patience = {
  idleMs: 5_000,
  idleProbeIntervalMs: 300,
  unansweredMs: 100,
  probeIntervalMs: 70,
  probes: 3,
  heartbeatMs: 400,
  longestLookMs: 250,
};

interface Traffic {
  /** Bytes of each 10 ms. */
  readonly rx: number;
  readonly tx: number;
  /** Whether the other agent answers. */
  readonly answers?: boolean;
}

/** Looks every 10 ms; an answer comes 30 ms after its probe. */
function follow(
  from: Liveness,
  traffic: Traffic,
  fromMs: number,
  untilMs: number,
  roundTripMs: number | null = 30,
) {
  let liveness = from;
  let { rxBytes, txBytesAtRx: txBytes } = from;
  const probesAtMs: number[] = [];
  const answersAtMs: number[] = [];
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 10) {
    rxBytes += traffic.rx;
    txBytes += traffic.tx;
    if (answersAtMs[0] === nowMs) {
      answersAtMs.shift();
      rxBytes += 80;
      liveness = answered(liveness, nowMs);
    }
    const step = watch(liveness, { rxBytes, txBytes }, patience, nowMs, roundTripMs);
    liveness = step.liveness;
    if (step.verdict === 'dead') return { liveness, probesAtMs, deadAtMs: nowMs };
    if (step.verdict === 'probe') {
      probesAtMs.push(nowMs);
      if (traffic.answers) answersAtMs.push(nowMs + 30);
    }
  }
  return { liveness, probesAtMs, deadAtMs: null };
}

const start = alive({ rxBytes: 0, txBytes: 0 }, 0);
const game = { rx: 100, tx: 100, answers: true };
const played = follow(start, game, 10, 5_000).liveness;

describe('the life of a path', () => {
  it('goes on under a game, which costs a probe now and then', () => {
    const { probesAtMs, deadAtMs } = follow(start, game, 10, 5_000);
    expect(deadAtMs).toBeNull();
    expect(probesAtMs.length).toBeLessThanOrEqual(13);
  });

  it('ends soon when a game goes out and nothing comes back', () => {
    const { deadAtMs } = follow(played, { rx: 0, tx: 100 }, 5_010, 9_000);
    expect(deadAtMs).toBeLessThanOrEqual(5_350);
  });

  it('ends when packets come in and nothing is answered: the peer does not hear this side', () => {
    const { deadAtMs } = follow(played, { rx: 100, tx: 100 }, 5_010, 9_000);
    expect(deadAtMs).toBeLessThanOrEqual(7_000);
  });

  it('outlives an agent that has never answered, as long as packets come in', () => {
    expect(follow(start, { rx: 100, tx: 100 }, 10, 60_000).deadAtMs).toBeNull();
  });

  it('leaves answers the time that they take', () => {
    const { deadAtMs } = follow(played, { rx: 0, tx: 100 }, 5_010, 9_000, 400);
    expect(deadAtMs).toBeGreaterThan(5_900);
  });

  it('is not doubted again for silences that were none', () => {
    const slow = (from: Liveness, fromMs: number) =>
      follow(from, { rx: 0, tx: 100, answers: true }, fromMs, fromMs + 2_000);
    const first = slow(played, 5_010);
    expect(first.deadAtMs).toBeNull();
    const later = slow(first.liveness, 7_020);
    expect(later.probesAtMs.length).toBeLessThan(first.probesAtMs.length);
  });

  it('is not doubted for the time in which this machine stood still', () => {
    const stalled = watch(played, { rxBytes: played.rxBytes, txBytes: 60_000 }, patience, 9_000);
    expect(stalled.verdict).toBe('probe');
    const { deadAtMs } = follow(stalled.liveness, { rx: 0, tx: 100, answers: true }, 9_010, 12_000);
    expect(deadAtMs).toBeNull();
  });

  it('has to be shown by an answer when this machine may be elsewhere, whatever comes in', () => {
    const urgent = probed(played, patience, 5_010, true).liveness;
    expect(follow(urgent, { rx: 100, tx: 100 }, 5_020, 9_000).deadAtMs).toBeLessThanOrEqual(5_300);
    expect(follow(answered(urgent, 5_040), game, 5_050, 9_000).deadAtMs).toBeNull();
  });

  it('costs a probe every 5 s at rest', () => {
    const { probesAtMs, deadAtMs } = follow(start, { rx: 0, tx: 0, answers: true }, 10, 30_000);
    expect(deadAtMs).toBeNull();
    expect(probesAtMs.length).toBeLessThanOrEqual(6);
  });
});
