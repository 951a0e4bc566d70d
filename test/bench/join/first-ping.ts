/**
 * How long after `join` the first ping is answered, in a running agent. Emulated: 30 ms round trip from each player to
 * the server, hence 60 ms from player to player through the relay. The limit is what no protocol can beat: one round
 * trip to the server for the join, one through the relay for WireGuard's handshake, one for the ping.
 */
import type { LabServer } from '../../e2e/support/lab-server';
import { PartyAgent } from '../../e2e/support/party-agent';
import type { Host } from '../../lab/host';
import type { Lab } from '../../lab/lab';
import { percentile, progress, round, spread } from '../support/report';
import type { Section } from '../support/sections';
import { ONE_WAY_MS, SERVER_ROUND_TRIP_MS } from './path';

const LIMIT_MS = 5 * SERVER_ROUND_TRIP_MS;
const PING_INTERVAL_SECONDS = '0.005';
const MOST_PINGS = '1000';
const HOST_ADDRESS = '10.66.0.1';

interface Sample {
  callMs: number;
  firstPingMs: number;
}

export async function firstPing(lab: Lab, server: LabServer, isQuick: boolean): Promise<Section> {
  const repetitions = isQuick ? 3 : 15;
  const aliceHost = await lab.hostBehind('alice', 'port_restricted', { delayMs: ONE_WAY_MS });
  const bobHost = await lab.hostBehind('bob', 'symmetric', { delayMs: ONE_WAY_MS });
  const alice = await PartyAgent.start(aliceHost, server);
  const bob = await PartyAgent.start(bobHost, server);
  const { partyId } = await alice.create('Bench');
  const samples: Sample[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    progress(`join ${repetition} of ${repetitions}`);
    samples.push(await joinOnce(bob, bobHost, partyId));
    await bob.leave();
  }
  await Promise.all([bob.stop(), alice.stop()]);
  return sectionOf(samples);
}

async function joinOnce(bob: PartyAgent, host: Host, partyId: string): Promise<Sample> {
  // From before there is a route; a count, because with a deadline (-w) ping ends at the first ICMP error.
  const ping = host.spawn([
    'ping',
    '-n',
    '-D',
    '-O',
    '-i',
    PING_INTERVAL_SECONDS,
    '-c',
    MOST_PINGS,
    HOST_ADDRESS,
  ]);
  const firstAnswer = new Promise<number>((resolve) => {
    let output = '';
    ping.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const answeredAt = /^\[(\d+\.\d+)\] \d+ bytes from/m.exec(output)?.[1];
      if (answeredAt !== undefined) resolve(Number(answeredAt) * 1000);
    });
    ping.on('close', () => resolve(NaN));
  });
  const { calledAtMs, returnedAtMs } = await bob.join(partyId);
  const answeredAtMs = await firstAnswer;
  ping.kill();
  return { callMs: returnedAtMs - calledAtMs, firstPingMs: answeredAtMs - calledAtMs };
}

function sectionOf(samples: readonly Sample[]): Section {
  const row = (name: string, values: readonly number[]) => [
    name,
    spread(values),
    round(percentile(values, 0.95)),
    round(percentile(values, 0.5) / SERVER_ROUND_TRIP_MS),
    round(percentile(values, 0.5) / LIMIT_MS),
  ];
  const firstPings = samples.map(({ firstPingMs }) => firstPingMs);
  return {
    tables: [
      {
        title: `Joining through the relay, ${SERVER_ROUND_TRIP_MS} ms round trip to the server, ${samples.length} joins`,
        columns: ['from the call to', 'ms (range)', 'p95 ms', 'round trips', 'of limit'],
        rows: [
          row(
            'its return',
            samples.map(({ callMs }) => callMs),
          ),
          row('the first answered ping', firstPings),
        ],
      },
    ],
    bars: [
      {
        name: 'join to first answered ping, median',
        measured: percentile(firstPings, 0.5),
        unit: 'ms',
        most: 600,
      },
      {
        name: 'join to first answered ping, p95',
        measured: percentile(firstPings, 0.95),
        unit: 'ms',
        most: 600,
      },
    ],
  };
}
