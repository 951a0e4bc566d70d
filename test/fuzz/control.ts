/** `npm run fuzz:control`: looks for messages that the control plane does not answer as it promises. */
import { endProcess } from '../bench/support/command';
import { readValues, say, usage } from './command-line';
import { fuzzControl, type CampaignOptions, type CampaignReport } from './control/campaign';

const help = `Sends messages to a control plane of its own, with a database of its own: valid ones, made from the schemas of
the API, and nearly valid ones. Promised is that each is answered, never with an error of the server's own, and that
the server is well at the end.

Usage: npm run fuzz:control -- [options]

  --runs N        how many messages (default 10000)
  --seconds N     stops after this time (default: when all are sent)
  --seed N        the same seed makes the same messages (default: any)

Exit codes: 0 nothing found, 1 a finding, with the shortest list of messages that shows it, 2 wrong usage.

Examples:
  npm run fuzz:control
  npm run fuzz:control -- --runs 1000000 --seconds 600 --seed 7
`;

export async function main(args: string[]): Promise<never> {
  const options = readOptions(args);
  if (typeof options === 'string') return endProcess(usage(options, help));
  say(`seed ${options.seed}, ${options.runs} messages`);
  const report = await fuzzControl({ ...options, signal: askedToStop() }, (sent) =>
    say(`${sent} messages sent`),
  );
  show(report);
  return endProcess(report.failure ? 1 : 0);
}

/** Without this a signal would leave the database running. */
function askedToStop(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}

function show({ answers, heapGrowth, failure }: CampaignReport): void {
  const total = [...answers.values()].reduce((sum, count) => sum + count, 0);
  say(`${total} answers; the heap grew by ${(heapGrowth / 2 ** 20).toFixed(1)} MiB`);
  for (const [answer, count] of [...answers].sort(([, a], [, b]) => b - a))
    say(`${String(count).padStart(8)}  ${answer}`);
  if (!failure) return;
  console.log(JSON.stringify(failure.messages, null, 2));
  say(`A finding: ${failure.reason}`);
}

/** The options, or what is wrong with them; empty when help is wanted. */
function readOptions(args: string[]): CampaignOptions | string {
  const values = readValues(args, ['runs', 'seconds', 'seed']);
  if (typeof values === 'string') return values;
  const runs = Number(values.runs ?? 10_000);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const seconds = Number(values.seconds ?? Infinity);
  if (!(Number.isInteger(runs) && runs > 0)) return '--runs is a whole number above 0';
  if (!(seconds > 0)) return '--seconds is a number above 0';
  if (!Number.isInteger(seed)) return '--seed is a whole number';
  return { runs, seed, ...(Number.isFinite(seconds) && { seconds }) };
}
