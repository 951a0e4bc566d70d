/** What `lanrage` alone says. Pure, like rendering.ts. */
import { printable, wrap } from '#shared/terminal/text';
import type { StatusAnswer } from '../agent/local-api';

export interface Overview {
  readonly version: string;
  /** The server of the settings; an agent that runs may have followed a link to another one. */
  readonly server: string;
  readonly nickname: string;
  /** Null: no agent runs. */
  readonly status: StatusAnswer | null;
}

type Step = readonly [command: string, what: string];

const COMMAND_COLUMNS = 34;
const enter: readonly Step[] = [
  ['lanrage create "Gaming Night"', 'opens a party, with a link for friends'],
  ['lanrage host "Gaming Night"', 'opens one on a server of your own, here'],
  ["lanrage join 'LINK'", 'joins the party of an invite link'],
  ['lanrage parties', 'lists the parties that are open to everybody'],
];
const play: readonly Step[] = [
  ['lanrage status', 'who is here, and by which path'],
  ['lanrage games', 'the game servers in the party'],
];
const invite: Step = ['lanrage invite', 'makes a link for friends'];
const leave: Step = ['lanrage leave', 'leaves the party'];
const always: readonly Step[] = [
  ['lanrage doctor', 'what is wrong, and what to do about it'],
  ['lanrage --help', 'all commands'],
];

export function renderOverview({ version, server, nickname, status }: Overview): string {
  return [
    ...wrap(`LANrage ${version} · server ${server} · you are ${printable(nickname)}`),
    ...wrap(placeOf(status)),
    '',
    ...stepsFrom(status).map(([command, what]) => `  ${command.padEnd(COMMAND_COLUMNS)}${what}`),
  ].join('\n');
}

function placeOf(status: StatusAnswer | null): string {
  if (!status) return 'No agent is running, so you are not in a party. create and join start one, with sudo.';
  if (status.status === 'no_party') return 'You are not in a party.';
  const { party, peerCount } = status;
  const self = party.peers.find(({ isSelf }) => isSelf);
  const size = `${peerCount} of at most ${party.maxPeers} players`;
  return `You are in "${printable(party.name)}", at ${self?.virtualIp ?? '?'}: ${size}.`;
}

function stepsFrom(status: StatusAnswer | null): readonly Step[] {
  if (status?.status !== 'in_party') return [...enter, ...always];
  const isHost = status.party.peers.some((peer) => peer.isSelf && peer.isHost);
  return [...play, ...(isHost ? [invite] : []), leave, ...always];
}
