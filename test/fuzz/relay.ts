/** `npm run fuzz:relay`: looks for what breaks the relay's promises, and shows the shortest way to it. */
import { readFileSync } from 'node:fs';
import { endProcess } from '../bench/support/command';
import { Campaign, type Failure, failureOf, type Subject } from './campaign';
import { readValues, say, usage } from './command-line';
import { Coverage } from './coverage';
import { Random } from './random';
import { relaySubject } from './subjects';
import { stunSubject } from './stun';

const help = `Looks for datagrams that break the promises of docs/protocol.md: on a port of the relay with pairs, and on
the STUN service. Keeps what reaches new code and changes that.

Usage: npm run fuzz:relay -- [options]

  --seconds N     how long (default 60)
  --seed N        the same seed gives the same inputs for as long as they reach the same code (default: any)
  --replay FILE   runs an input that was found, as printed, and nothing else

Exit codes: 0 nothing found, 1 a finding, with the shortest input that shows it, 2 wrong usage.

Examples:
  npm run fuzz:relay
  npm run fuzz:relay -- --seconds 600 --seed 7
  npm run --silent fuzz:relay > finding.json; npm run fuzz:relay -- --replay finding.json
`;

const subjects: readonly Subject<unknown>[] = [
  relaySubject as Subject<unknown>,
  stunSubject as Subject<unknown>,
];
const isFuzzed = (url: string) =>
  /apps\/relay\/src\/(core|stun)\/|libs\/shared\/src\/(wireguard|stun)\//.test(url);
const reportEveryMs = 5000;
/** Runs of one subject in a row. */
const turn = 50;

export function main(args: string[]): Promise<never> {
  const options = readOptions(args);
  if (typeof options === 'string') return endProcess(usage(options, help));
  return endProcess(options.replay === undefined ? search(options) : replay(options.replay));
}

function search({ seconds, seed }: { seconds: number; seed: number }): number {
  say(`seed ${seed}, ${seconds} s`);
  const random = new Random(seed);
  const coverage = new Coverage(isFuzzed);
  const campaigns = subjects.map((subject) => ({
    subject,
    campaign: new Campaign(subject, random, () => coverage.hasGrown()),
  }));
  const startedAtMs = performance.now();
  const elapsedMs = () => performance.now() - startedAtMs;
  const report = () => {
    const counts = campaigns.map(
      ({ subject, campaign: { runs, kept } }) => `${subject.name} ${runs} runs, ${kept} kept`,
    );
    say(`${Math.round(elapsedMs() / 1000)} s: ${counts.join('; ')}; ${coverage.size} ranges of code reached`);
  };
  for (let nextReportMs = reportEveryMs; elapsedMs() < seconds * 1000;) {
    for (const { subject, campaign } of campaigns) {
      for (let run = 0; run < turn && elapsedMs() < seconds * 1000; run++) {
        const failure = campaign.step();
        if (failure) return show(subject, failure, seed);
      }
    }
    if (elapsedMs() < Math.min(nextReportMs, seconds * 1000)) continue;
    report();
    nextReportMs += reportEveryMs;
  }
  coverage.close();
  return 0;
}

function show({ name }: Subject<unknown>, { input, reason }: Failure<unknown>, seed: number): number {
  console.log(JSON.stringify({ subject: name, seed, input }));
  say(`A finding: ${reason}`);
  return 1;
}

function replay(file: string): number {
  const { subject: name, input } = JSON.parse(readFileSync(file, 'utf8')) as {
    subject: string;
    input: unknown;
  };
  const subject = subjects.find((one) => one.name === name);
  const reason = subject ? failureOf(subject, input) : `no subject ${name}`;
  say(reason === undefined ? 'Every promise was kept.' : `A finding: ${reason}`);
  return reason === undefined ? 0 : 1;
}

/** The options, or what is wrong with them; empty when help is wanted. */
function readOptions(args: string[]): { seconds: number; seed: number; replay: string | undefined } | string {
  const values = readValues(args, ['seconds', 'seed', 'replay']);
  if (typeof values === 'string') return values;
  const seconds = Number(values.seconds ?? 60);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (!(seconds > 0)) return '--seconds is a number above 0';
  return Number.isInteger(seed) ? { seconds, seed, replay: values.replay } : '--seed is a whole number';
}
