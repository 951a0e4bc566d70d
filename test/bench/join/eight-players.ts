/**
 * Seven players join a party at the same moment: how long from the first call until each of the eight, behind NATs of all
 * kinds, has a path to each other one that WireGuard has proven, by relay or direct. Emulated: 30 ms round trip from each
 * player to the server.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LabServer } from '../../e2e/support/lab-server';
import { PartyAgent } from '../../e2e/support/party-agent';
import type { Lab } from '../../lab/lab';
import type { NatKind } from '../../lab/nat';
import { percentile, progress, round, spread } from '../support/report';
import type { Section } from '../support/sections';
import { ONE_WAY_MS, SERVER_ROUND_TRIP_MS } from './path';

/** The first one's is the host's. */
const nats: readonly NatKind[] = [
  'port_restricted',
  'open',
  'full_cone',
  'address_restricted',
  'port_restricted',
  'symmetric',
  'cgnat',
  'cgnat_symmetric',
];
/** Between two rounds, so that goodbyes and last packets do not meet the next one. */
const PAUSE_MS = 1_000;

interface Round {
  /** From the first call to the last return. */
  readonly callsMs: number;
  /** From the first call until all are connected. */
  readonly connectedMs: number;
}

export async function eightPlayers(lab: Lab, server: LabServer, isQuick: boolean): Promise<Section> {
  const agents = await Promise.all(
    nats.map(async (kind, index) => {
      const host = await lab.hostBehind(`player${index}`, kind, { delayMs: ONE_WAY_MS });
      return PartyAgent.start(host, server);
    }),
  );
  const [host, ...guests] = agents;
  if (!host) throw new Error('no players');
  const { partyId } = await host.create('Eight');
  const rounds: Round[] = [];
  const count = isQuick ? 3 : 20;
  for (let index = 1; index <= count; index++) {
    rounds.push(await meet(host, guests, partyId));
    progress(`round ${index} of ${count}: ${round(rounds.at(-1)?.connectedMs ?? NaN)} ms`);
    await Promise.all(guests.map((guest) => guest.leave()));
    await delay(PAUSE_MS);
  }
  await Promise.all(agents.map((agent) => agent.stop()));
  return sectionOf(rounds);
}

async function meet(host: PartyAgent, guests: readonly PartyAgent[], partyId: string): Promise<Round> {
  const players = guests.length + 1;
  const hostMet = host.meets(players);
  const entries = guests.map((guest) => guest.join(partyId));
  const guestsMet = guests.map(async (guest, index) => {
    await entries[index];
    return guest.meets(players);
  });
  const calls = await Promise.all(entries);
  const met = await Promise.all([hostMet, ...guestsMet]);
  const calledAtMs = Math.min(...calls.map((call) => call.calledAtMs));
  return {
    callsMs: Math.max(...calls.map(({ returnedAtMs }) => returnedAtMs)) - calledAtMs,
    connectedMs: Math.max(...met.map(({ atMs }) => atMs)) - calledAtMs,
  };
}

function sectionOf(rounds: readonly Round[]): Section {
  const row = (name: string, values: readonly number[]) => [
    name,
    spread(values),
    round(percentile(values, 0.95)),
    round(percentile(values, 0.5) / SERVER_ROUND_TRIP_MS),
  ];
  const connected = rounds.map(({ connectedMs }) => connectedMs);
  const callsMs = rounds.map((one) => one.callsMs);
  return {
    tables: [
      {
        title: `Eight players behind mixed NATs, seven of whom join at once, ${rounds.length} rounds`,
        columns: ['from the first call until', 'ms (range)', 'p95 ms', 'round trips'],
        rows: [row('the last one returns', callsMs), row('all are connected with all', connected)],
      },
    ],
    bars: [
      { name: 'eight players connected, p95', measured: percentile(connected, 0.95), unit: 'ms', most: 700 },
      { name: 'eight players connected, longest', measured: Math.max(...connected), unit: 'ms', most: 1_500 },
    ],
  };
}
