import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { moreTelling, noPublicAddress, outcomeOf, type MappingOutcome } from './mapping';
import { LEASE_SECONDS, advance, nextDelayMs, nothingYet, type Progress } from './schedule';

const endpoint = parseEndpoint('203.0.113.7:51820') as Endpoint;
const mapped: MappingOutcome = { kind: 'mapped', protocol: 'pcp', endpoint, leaseSeconds: 900 };
const silent: MappingOutcome = { kind: 'silent' };
const refused: MappingOutcome = { kind: 'refused', detail: 'no' };
const latest = 1;

/** What a run of answers comes to, each asked for when it is time to: `[seconds since the start, state]`. */
function run(outcomes: readonly MappingOutcome[]): [number, 'mapped' | MappingOutcome['kind']][] {
  let progress: Progress = nothingYet;
  let nowMs = 0;
  return outcomes.map((outcome) => {
    progress = advance(progress, outcome, nowMs);
    const atSeconds = nowMs / 1_000;
    nowMs += nextDelayMs(progress, nowMs, latest);
    return [atSeconds, progress.held ? 'mapped' : (progress.obstacle?.kind ?? 'silent')];
  });
}

describe('the schedule of a mapping', () => {
  it('leaves nothing for longer than an hour', () => {
    expect(LEASE_SECONDS).toBeLessThanOrEqual(3_600);
  });

  it('renews it every five minutes', () => {
    expect(run([mapped, mapped, mapped])).toEqual([
      [0, 'mapped'],
      [300, 'mapped'],
      [600, 'mapped'],
    ]);
  });

  it('renews a shorter lease after half of it', () => {
    const short = { ...mapped, leaseSeconds: 120 };
    expect(run([short, short])).toEqual([
      [0, 'mapped'],
      [60, 'mapped'],
    ]);
  });

  it('asks a silent gateway more and more seldom, and gives the mapping up with its lease', () => {
    const silence = Array<MappingOutcome>(16).fill(silent);
    const history = run([mapped, ...silence]);
    expect(history.slice(0, 6).map(([seconds]) => seconds)).toEqual([0, 300, 301, 303, 307, 315]);
    const lost = history.findIndex(([, state]) => state === 'silent');
    expect(history[lost]?.[0]).toBe(900);
    const pauses = history.slice(1).map(([seconds], index) => seconds - (history[index]?.[0] ?? 0));
    expect(Math.max(...pauses)).toBe(600);
    expect(pauses.at(-1)).toBe(600);
  });

  it('starts anew when the gateway is back', () => {
    expect(run([mapped, silent, silent, mapped, mapped])).toEqual([
      [0, 'mapped'],
      [300, 'mapped'],
      [301, 'mapped'],
      [303, 'mapped'],
      [603, 'mapped'],
    ]);
  });

  it('takes a refusal at its word, and soon asks again who had given a mapping before', () => {
    expect(run([mapped, refused, refused, mapped])).toEqual([
      [0, 'mapped'],
      [300, 'refused'],
      [301, 'refused'],
      [303, 'mapped'],
    ]);
  });

  it.each([silent, refused, noPublicAddress()])(
    'asks every ten minutes who never gave one: %j',
    (outcome) => {
      expect(run([outcome, outcome, outcome]).map(([seconds]) => seconds)).toEqual([0, 600, 1_200]);
    },
  );

  it('is spread by a fifth', () => {
    const progress = advance(nothingYet, mapped, 0);
    expect([0, 0.5, 1].map((random) => nextDelayMs(progress, 0, random))).toEqual([
      240_000, 270_000, 300_000,
    ]);
  });

  it('never asks without a pause, whatever the gateway grants', () => {
    const progress = advance(nothingYet, { ...mapped, leaseSeconds: 1 }, 0);
    expect(nextDelayMs(progress, 0, 0)).toBeGreaterThanOrEqual(800);
  });
});

describe('what a gateway promises', () => {
  it.each([
    ['203.0.113.7', 51_820, 900, mapped],
    ['100.64.0.2', 51_820, 900, noPublicAddress('100.64.0.2')],
    ['0.0.0.0', 51_820, 900, noPublicAddress()],
    ['203.0.113.7', 0, 900, { kind: 'refused', detail: 'the router grants nothing' }],
    ['203.0.113.7', 51_820, 0, { kind: 'refused', detail: 'the router grants nothing' }],
  ])('%s:%p for %p s comes to %j', (address, port, leaseSeconds, outcome) => {
    expect(outcomeOf('pcp', { address, port }, leaseSeconds)).toEqual(outcome);
  });

  it('is explained by whoever of two knows more', () => {
    const outcomes = [silent, refused, noPublicAddress(), mapped];
    outcomes.forEach((one, index) =>
      outcomes.slice(index).forEach((other) => {
        expect(moreTelling(one, other)).toBe(other);
        expect(moreTelling(other, one)).toBe(other);
      }),
    );
  });
});
