/** Paths (apps/client/src/connection/path.ts) that are told what happens, and when. */
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import {
  newPath,
  stepPath,
  type PathCommand,
  type PathInput,
  type PathRole,
  type PathState,
  type PeerCounters,
} from '../apps/client/src/connection/path';

export const endpoint = (text: string) => parseEndpoint(text) as Endpoint;
export const relay = endpoint('192.0.2.1:52000');
export const otherRelay = endpoint('192.0.2.1:52001');
export const home = endpoint('203.0.113.7:40000');
const MIDDLE_JITTER = 0.5;

/** Chooses among direct paths. */
export const leader: PathRole = { seeksDirect: true, leads: true };
export const follower: PathRole = { seeksDirect: true, leads: false };

export const silent: PeerCounters = { endpoint: null, handshakeAtMs: null, rxBytes: 0, txBytes: 148 };
export const alive = (rxBytes: number, txBytes = 500, endpoint = relay): PeerCounters => ({
  endpoint,
  handshakeAtMs: 1,
  rxBytes,
  txBytes,
});
export const counters = (reading: PeerCounters | undefined): PathInput => ({
  type: 'counters',
  counters: reading,
});

function textOf(command: PathCommand): string {
  if (command.type === 'knock') return ['knock', ...command.candidates].join(' ');
  if (command.type === 'flick') return ['flick', ...command.candidates, command.home].join(' ');
  if (command.type === 'answer_check')
    return `answer_check ${command.endpoint} ${command.home}${command.isBackOpen ? '' : ' only'}`;
  if (command.type === 'point') return `point ${command.endpoint}`;
  return command.type === 'request_attempt' ? `request_attempt ${command.cause}` : command.type;
}

/** Feeds inputs at times; returns the last state, and the commands with their times. */
export function run(
  path: PathState,
  inputs: readonly (readonly [number, PathInput])[],
  jitter = MIDDLE_JITTER,
) {
  const commands: string[] = [];
  for (const [nowMs, input] of inputs) {
    const step = stepPath(path, input, nowMs, jitter);
    path = step.path;
    commands.push(...step.commands.map((command) => `${nowMs} ${textOf(command)}`));
  }
  return { path, commands };
}

/** The peer's word that it heard this side at an endpoint. */
export const heardAt = (at: Endpoint, roundTripMs: number, reading: PeerCounters): PathInput => ({
  type: 'heard',
  endpoint: at,
  roundTripMs,
  counters: reading,
});

/** One input, repeated every 100 ms. */
export const every100Ms = (fromMs: number, toMs: number, input: PathInput) =>
  Array.from({ length: (toMs - fromMs) / 100 + 1 }, (_, index) => [fromMs + index * 100, input] as const);

/** Its relay is assigned, at 0 ms. */
export const assigned = run(newPath(0, leader), [[0, { type: 'relay', relay }]]).path;
/** Relayed, since 100 ms. */
export const connected = run(assigned, [[100, counters(alive(300))]]).path;
