import {
  LEAST_PROBE_BYTES,
  newSizeSearch,
  sizeTimings,
  stepSizeSearch,
  type SizeInput,
  type SizeSearch,
} from './packet-size';

interface Surroundings {
  /** The largest packet inside the tunnel that arrives at the peer. */
  carries: number;
  roundTripMs: number;
  /** Whether the peer's agent answers such probes. */
  answers: boolean;
  /** Whether the probe with this number is lost, whatever its size. */
  loses?: (number: number) => boolean;
}

const bytesPerStep = 40;

/** A search, and a path that answers its probes. */
class Run {
  search: SizeSearch = newSizeSearch(0);
  nowMs = 0;
  txBytes = 0;
  readonly probes: { bytes: number; atMs: number; isNew: boolean }[] = [];
  /** What was in force, and from when on. */
  readonly limits: { bytes: number | null; atMs: number }[] = [];
  mayExceed = true;
  readonly around: Surroundings;
  private answers: { bytes: number; sentAtMs: number; atMs: number }[] = [];

  constructor(around: Surroundings) {
    this.around = { ...around };
    this.tell({ type: 'path_changed' });
  }

  tell(input: SizeInput): void {
    const { search, commands } = stepSizeSearch(this.search, input, this.nowMs, this.mayExceed);
    this.search = search;
    for (const command of commands) {
      if (command.type === 'limit') this.limits.push({ bytes: command.bytes, atMs: this.nowMs });
      else for (const bytes of command.sizes) this.send(bytes, command.isNew);
    }
  }

  /** @param busy whether a game goes on */
  pass(durationMs: number, busy = false): this {
    const endMs = this.nowMs + durationMs;
    for (; this.nowMs < endMs; this.nowMs += 10) {
      if (busy) this.txBytes += bytesPerStep;
      const due = this.answers.filter(({ atMs }) => atMs <= this.nowMs);
      this.answers = this.answers.filter(({ atMs }) => atMs > this.nowMs);
      for (const { bytes, sentAtMs } of due)
        this.tell({ type: 'answered', bytes, sentAtMs, roundTripMs: this.nowMs - sentAtMs });
      this.tell({ type: 'look', txBytes: this.txBytes });
    }
    return this;
  }

  get limit(): number | null {
    return this.limits.at(-1)?.bytes ?? null;
  }

  private send(bytes: number, isNew: boolean): void {
    this.probes.push({ bytes, atMs: this.nowMs, isNew });
    const { carries, roundTripMs, answers, loses } = this.around;
    if (!answers || bytes > carries || loses?.(this.probes.length - 1)) return;
    this.answers.push({ bytes, sentAtMs: this.nowMs, atMs: this.nowMs + roundTripMs });
  }
}

const wide = { carries: 1_280, roundTripMs: 30, answers: true };

describe('the search for what a path carries', () => {
  it('costs two probes where the path carries all, and limits nothing', () => {
    const run = new Run(wide).pass(5_000);
    expect(run.probes.map(({ bytes }) => bytes)).toEqual([1_280, LEAST_PROBE_BYTES]);
    expect(run.limits).toEqual([]);
    expect(run.search).toMatchObject({ stage: 'settled', found: null });
  });

  // Inside of the tunnel: 60 bytes less than outside over IPv4, 80 less over IPv6.
  it.each([
    [1_279, 1_264],
    [1_240, 1_232],
    [1_220, 1_216],
    [1_140, 1_088],
    [700, 576],
    [576, 576],
    [300, 576],
  ])('on a path that carries %s bytes finds %s', (carries, found) => {
    const run = new Run({ ...wide, carries }).pass(3_000);
    expect(run.search).toMatchObject({ stage: 'settled', found });
    expect(run.limit).toBe(found);
    expect(run.probes.length).toBeLessThan(40);
  });

  it.each([5, 30, 150, 400])(
    'limits what is sent before it is through, at %s ms of round trip',
    (roundTripMs) => {
      const run = new Run({ ...wide, carries: 1_240, roundTripMs }).pass(8_000);
      expect(run.limits[0]).toMatchObject({ bytes: 1_232 });
      expect(run.limits[0]?.atMs).toBeLessThan(600 + 5 * roundTripMs);
      expect(run.probes.length).toBeLessThan(25);
    },
  );

  it('does not take an agent that knows no such probes for a narrow path', () => {
    const run = new Run({ ...wide, answers: false }).pass(3_600_000);
    expect(run.limits).toEqual([]);
    expect(run.search.found).toBeNull();
    expect(run.probes.length).toBeLessThan(100);
  });

  it('does not take a path that is dead for a while for a narrow one', () => {
    const run = new Run(wide);
    run.around.carries = 0;
    run.pass(10_000);
    run.around.carries = 1_280;
    run.pass(60_000);
    expect(run.limits).toEqual([]);
    expect(run.search).toMatchObject({ stage: 'settled', found: null });
  });

  it('takes up again what was given up too soon', () => {
    const run = new Run({ ...wide, carries: 1_240, answers: false }).pass(10_000);
    expect(run.search.stage).toBe('silent');
    run.around.answers = true;
    run.tell({ type: 'answered', bytes: LEAST_PROBE_BYTES, sentAtMs: run.nowMs - 5_000, roundTripMs: 5_000 });
    run.pass(10_000);
    expect(run.search).toMatchObject({ stage: 'settled', found: 1_232 });
  });

  it('lifts a limit that losses led to as soon as a full-sized probe arrives', () => {
    // The first two of full size.
    const run = new Run({ ...wide, loses: (number) => number === 0 || number === 2 }).pass(3_000);
    expect(run.limits.map(({ bytes }) => bytes)).toEqual([1_232, null]);
    expect(run.search).toMatchObject({ stage: 'settled', found: null });
  });

  it.each([700, 2_000])('waits for answers that take long: %s ms', (roundTripMs) => {
    const run = new Run({ ...wide, roundTripMs }).pass(5_000);
    expect(run.limits).toEqual([]);
    expect(run.search.stage).toBe('settled');
  });
});

describe('a path that changes', () => {
  it.each([
    [1_240, 1_280, null],
    [1_280, 1_240, 1_232],
    [1_240, 1_140, 1_088],
  ])('from %s to %s bytes is searched anew', (before, after, found) => {
    const run = new Run({ ...wide, carries: before }).pass(3_000);
    run.around.carries = after;
    run.tell({ type: 'path_changed' });
    run.pass(3_000);
    expect(run.search).toMatchObject({ stage: 'settled', found });
    expect(run.limit).toBe(found);
  });

  it('stays within the old limit until more is proven', () => {
    const run = new Run({ ...wide, carries: 1_240 }).pass(3_000);
    const changedAtMs = run.nowMs;
    run.tell({ type: 'path_changed' });
    run.pass(3_000);
    const since = run.limits.filter(({ atMs }) => atMs >= changedAtMs).map(({ bytes }) => bytes);
    expect(new Set(since)).toEqual(new Set([1_232]));
  });

  it('is free of limits while it is searched, where probes cannot be larger than the limit', () => {
    const run = new Run({ ...wide, carries: 1_240 }).pass(3_000);
    run.mayExceed = false;
    run.around.carries = 1_280;
    run.tell({ type: 'path_changed' });
    expect(run.limit).toBeNull();
    run.pass(3_000);
    expect(run.search).toMatchObject({ stage: 'settled', found: null });
  });

  it('is told to the peer, which searches what it sends and says nothing', () => {
    const run = new Run({ ...wide, carries: 1_240 }).pass(5_000);
    const [first] = run.probes;
    expect(first?.isNew).toBe(true);
    const announced = run.probes.filter(({ isNew }) => isNew);
    expect(Math.max(...announced.map(({ atMs }) => atMs))).toBeLessThan(sizeTimings.freshMs);
    const sent = run.probes.length;
    run.tell({ type: 'peer_moved' });
    run.pass(100);
    run.tell({ type: 'peer_moved' });
    run.pass(200);
    const reaction = run.probes.slice(sent);
    expect(reaction[0]).toMatchObject({ bytes: 1_280, isNew: false });
    expect(reaction.filter(({ isNew }) => isNew)).toEqual([]);
    expect(reaction.filter(({ atMs }) => atMs === reaction[0]?.atMs)).toHaveLength(3);
  });

  it('takes no answer to what went by the old one', () => {
    const run = new Run({ ...wide, carries: 1_240 }).pass(3_000);
    const sentAtMs = run.nowMs;
    run.nowMs += 10;
    run.tell({ type: 'path_changed' });
    run.tell({ type: 'answered', bytes: 1_280, sentAtMs, roundTripMs: 10 });
    expect(run.limit).toBe(1_232);
  });

  it('sends nothing while there is none', () => {
    const run = new Run({ ...wide, carries: 1_240 });
    run.tell({ type: 'path_lost' });
    run.pass(600_000, true);
    expect(run.probes).toEqual([]);
  });
});

describe('a path that becomes another one unseen', () => {
  it('is noticed within seconds while a game goes on', () => {
    const run = new Run(wide).pass(3_000, true);
    run.around.carries = 1_140;
    run.pass(sizeTimings.confirmMs + 3_000, true);
    expect(run.limit).toBe(1_088);
  });

  it('is asked about for a few percent of what the game sends, and not at rest', () => {
    const run = new Run(wide).pass(600_000, true);
    const probed = run.probes.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(probed).toBeLessThan(0.05 * run.txBytes);
    const sent = run.pass(sizeTimings.confirmMs + 1_000).probes.length;
    expect(run.pass(3_600_000).probes).toHaveLength(sent);
  });

  it('may carry more after a while, which is asked ever more seldom', () => {
    const run = new Run({ ...wide, carries: 1_240 }).pass(3_000);
    const sent = run.probes.length;
    run.pass(3_600_000);
    const raises = run.probes.slice(sent).filter(({ bytes }) => bytes === 1_280).length / 3;
    expect(raises).toBeGreaterThan(5);
    expect(raises).toBeLessThan(12);
    run.around.carries = 1_280;
    run.pass(sizeTimings.longestRestMs);
    expect(run.search).toMatchObject({ stage: 'settled', found: null });
    expect(run.limit).toBeNull();
  });

  it('is tried for more also while a game goes on, and the limit said again each time', () => {
    const run = new Run({ ...wide, carries: 1_240 }).pass(3_000);
    const said = run.limits.length;
    run.pass(50_000, true);
    expect(run.limits.length).toBeGreaterThan(said + 2);
    run.around.carries = 1_280;
    run.pass(20_000, true);
    expect(run.limit).toBeNull();
  });
});
