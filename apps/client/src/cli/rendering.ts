/** What the command line says to people. Pure: values in, text for at most 80 columns out. */
import {
  columnsOf,
  fit,
  formatDuration,
  formatLatency,
  printable,
  renderTable,
  wrap,
} from '#shared/terminal/text';
import type { InParty, PingAnswer, StatusAnswer } from '../agent/local-api';
import type { PathReason } from '../connection/explanation';
import type { NatInfo } from '../nat/nat-traversal';
import type { KnownServer } from '../discovery/games/known-servers';
import type { DiscoveryInfo } from '../discovery/lan-discovery';
import { natEase, natName, natTexts, noIpv4 } from '../doctor/nat-texts';
import type { Ipv4Report, NetcheckReport, StunServerReport } from '../doctor/network-report';
import { silenceFindings } from '../doctor/silence-findings';
import { tunnelFault } from '../doctor/tunnel-findings';
import { exposureText } from '../network/guard/exposure';
import type { GuardInfo } from '../network/guard/guard';
import type { TunnelInfo, TunnelPart } from '../network/routing/tunnel-state';
import type { RelayFigure } from '../nat/relay-figures';
import type { ConnectionType, Peer } from '../party/party';
import type { NewInvite } from '../party/invites';
import { renderInvite, renderTerms } from './party-rendering';
import { renderPacketLimits, renderReasons } from './reasons';

const columnWidths = [31, 17, 12, 20];
const PLAYER_COLUMNS = 29;
/** The room for a party's name, which may be of 50 wide characters. */
const PARTY_COLUMNS = 60;
/** The least room for a player's name, however much is noted beside it. */
const LEAST_NAME_COLUMNS = 8;

export function renderStatus(status: StatusAnswer): string {
  if (status.status === 'no_party') {
    const { endedBecause, natInfo } = status;
    const why = endedBecause ? ` ${printable(endedBecause.message)}` : '';
    return [...wrap(`You are not in a party.${why}`), '', ...renderNat(natInfo)].join('\n');
  }
  const { party, peerCount, controlConnected } = status;
  const remarks = [...renderReasons(party.peers), ...renderPacketLimits(party.peers)];
  const size = `${peerCount} of at most ${party.maxPeers} players`;
  return [
    ...wrap(`"${fit(printable(party.name), PARTY_COLUMNS)}" · party id ${party.id} · ${size}`),
    ...renderTerms(party.settings),
    '',
    renderPeers(party.peers),
    ...(remarks.length > 0 ? ['', ...remarks] : []),
    ...(controlConnected ? [] : ['', 'The server cannot be reached right now. The game goes on without it.']),
    '',
    ...renderNat(status.natInfo),
    ...renderGuard(status.guard),
    ...(status.discovery ? wrap(discoveryText(status.discovery)) : []),
    ...(status.discovery?.servers ?? []).flatMap(serverLines),
    ...renderTunnel(status.tunnel),
  ].join('\n');
}

export function renderRepaired(parts: readonly TunnelPart[]): string {
  return `Another program removed the party's ${parts.join(' and ')} on this machine; LANrage restored it.`;
}

/**
 * Said once after entering a party.
 * @param server null when friends use the same default
 * @param invite for friends, which comes first
 */
export function renderWelcome(
  { party }: InParty,
  server: string | null,
  invite: NewInvite | null = null,
): string {
  const self = party.peers.find(({ isSelf }) => isSelf);
  return [
    ...(invite ? [renderInvite(invite), ''] : []),
    ...wrap(
      `You are in "${fit(printable(party.name), PARTY_COLUMNS)}", party id ${party.id}, at ${self?.virtualIp ?? '?'}.`,
    ),
    '',
    ...(invite ? [] : [...waysIn(party, self?.isHost === true, server), '']),
    'Ctrl-C leaves.',
  ].join('\n');
}

/** How friends join; links are the host's to make. */
function waysIn({ id, settings }: InParty['party'], isHost: boolean, server: string | null): string[] {
  if (settings.sealed || settings.locked)
    return [`Friends join by a link, ${isHost ? 'from: lanrage invite' : 'which the host makes'}.`];
  return [
    'Friends join with:',
    `  lanrage join ${id} --as THEIR_NAME${server === null ? '' : ` --server ${server}`}`,
    ...(isHost ? ['or by a link, from: lanrage invite'] : []),
    ...(settings.hasPassword ? ['Without a link they are asked for the password.'] : []),
  ];
}

export function renderPeerJoined({ name, virtualIp }: Peer): string {
  return `${printable(name)} joined, at ${virtualIp}`;
}

export function renderPeerLeft({ name }: Peer): string {
  return `${printable(name)} left`;
}

export function renderHostChanged({ name, isSelf }: Peer): string {
  return isSelf ? 'You are the host now' : `${printable(name)} is the host now`;
}

export function renderConnection({ name, connectionType, reason }: Peer): string {
  const failure = connectionType === 'failed' && reason ? sentencesOf(reason) : undefined;
  return `${printable(name)}: ${failure ?? connectionTexts[connectionType]}`;
}

/** What `join --wait` prints at the end of the wait when somebody was not reached. */
export function renderUnreached(peers: readonly Peer[]): string {
  const names = peers.map(({ name }) => name).join(', ');
  return `You are in the party, but not everybody is reached: ${names}. Why: lanrage doctor`;
}

export function renderNetcheck(report: NetcheckReport): string {
  const { server, relays, stunServers, refused, ipv4, natInfo } = report;
  const reachable = server.latencyMs === null ? 'no answer' : `answers in ${formatLatency(server.latencyMs)}`;
  return [
    ...wrap(`Server         ${server.url}: ${reachable}`),
    ...(server.error ? wrap(`               ${server.error.code}: ${printable(server.error.message)}`) : []),
    ...relays.flatMap(renderRelay),
    ...stunServers.flatMap(renderStunServer),
    ...(refused.length > 0 ? wrap(`Refused        ${refused.join(', ')}: nearer than the server`) : []),
    ...renderIpv4(ipv4),
    ...renderNat(natInfo),
    ...(natInfo.relayOnly ? [] : renderBehaviour(natInfo)),
    '',
    ...wrap(consequence(report)),
  ].join('\n');
}

export function renderPing({ name, virtualIp, latencyMs }: PingAnswer): string {
  const answer = latencyMs === null ? 'no answer' : formatLatency(latencyMs);
  return `${printable(name)} (${virtualIp}): ${answer}`;
}

const connectionTexts: Record<ConnectionType, string> = {
  direct: 'connected directly',
  relayed: 'connected via the relay',
  connecting: 'connecting …',
  host: 'the host',
  failed: 'not reachable',
  unknown: 'not connected yet',
};

function renderPeers(peers: readonly Peer[]): string {
  return renderTable(['PLAYER', 'ADDRESS', 'CONNECTION', 'PING'], columnWidths, peers.map(peerRow));
}

function peerRow(peer: Peer): string[] {
  const notes = [
    peer.isSelf && 'you',
    peer.isHost && 'host',
    !peer.online && (peer.doubted ? 'timed out' : 'offline'),
    peer.vouched === false && 'not vouched',
  ].filter(Boolean);
  const noted = notes.length > 0 ? ` (${notes.join(', ')})` : '';
  const room = Math.max(LEAST_NAME_COLUMNS, PLAYER_COLUMNS - columnsOf(noted));
  const label = `${fit(printable(peer.name), room)}${noted}`;
  return [label, peer.virtualIp, peer.isSelf ? '' : peer.connectionType, peerLatency(peer)];
}

function peerLatency({ latencyMs, latencyAgeMs, isSelf }: Peer): string {
  if (isSelf) return '';
  if (latencyMs === null) return '–';
  const ageMs = latencyAgeMs ?? 0;
  return ageMs < 1_500
    ? formatLatency(latencyMs)
    : `${formatLatency(latencyMs)}, ${formatDuration(ageMs)} ago`;
}

function renderNat(natInfo: NatInfo): string[] {
  const { natType, publicEndpoint, relayOnly, detectedAt } = natInfo;
  if (detectedAt === null) return ['Network        not examined yet'];
  if (relayOnly) return ['Network        no STUN server answers: relay only'];
  const type = [natName(natInfo), natEase(natType)].filter(Boolean).join(': ');
  return [`NAT type       ${type}`, `Public address ${publicEndpoint ?? 'unknown'}`];
}

function renderGuard(guard: GuardInfo | null): string[] {
  if (!guard) return [];
  if (guard.state === 'off') return wrap(`Not guarded    ${printable(guard.detail ?? '')}`);
  const behind = guard.forwarding ? ', and what it forwards to' : '';
  return wrap(`Exposed        ${exposureText(guard.exposure)}${behind}`);
}

function renderTunnel(tunnel: TunnelInfo | null): string[] {
  const fault = tunnel && tunnelFault(tunnel);
  return fault ? wrap(`Tunnel         ${printable(fault)}`) : [];
}

/** Whether games find each other, in a line. */
export function discoveryText({ state, carries, detail, flows }: DiscoveryInfo): string {
  if (state === 'off') return `LAN games      not found by others: ${printable(detail ?? '')}`;
  const datagrams = flows.reduce((sum, { carried }) => sum + carried, 0);
  return `LAN games      find each other (${carries}; ${datagrams} datagrams carried)`;
}

/** A server of a game, and the address to type. */
function serverLines({ game, name, virtualIp, port }: KnownServer): string[] {
  const label = name === null ? game : `${game}: ${name}`;
  return wrap(`               ${printable(label)}, at ${virtualIp}:${port}`);
}

function renderRelay({ id, region, roundTripMs }: RelayFigure, index: number): string[] {
  const label = index === 0 ? 'Relays         ' : ' '.repeat(15);
  return wrap(`${label}${printable(id)} (${printable(region)}): ${roundTrip(roundTripMs)}`);
}

function roundTrip(roundTripMs: number | null): string {
  return roundTripMs === null ? 'no answer' : formatLatency(roundTripMs);
}

function renderStunServer({ endpoint, roundTripMs, relay }: StunServerReport, index: number): string[] {
  const label = index === 0 ? 'STUN servers   ' : ' '.repeat(15);
  const of = relay ? ` (relay ${printable(relay.id)}, ${printable(relay.region)})` : '';
  return wrap(`${label}${endpoint}${of}: ${roundTrip(roundTripMs)}`);
}

/** What the NAT does, in the terms of RFC 4787. */
function renderBehaviour({ mapping, filtering, hairpinning, portPreservation }: NatInfo): string[] {
  return [
    `Mapping        ${mapping.replaceAll('_', ' ')}`,
    `Filtering      ${filtering.replaceAll('_', ' ')}`,
    // Where nothing is translated there is nothing to lead back or to keep.
    ...(mapping === 'none'
      ? []
      : [`Hairpinning    ${yesOrNo(hairpinning)}`, `Keeps ports    ${yesOrNo(portPreservation)}`]),
  ];
}

function yesOrNo(value: boolean | null): string {
  if (value === null) return 'unknown';
  return value ? 'yes' : 'no';
}

function renderIpv4({ way, prefix }: Ipv4Report): string[] {
  if (way === 'native') return [];
  return [`IPv4           ${way === 'nat64' ? `by the network's NAT64, ${prefix}` : 'none here'}`];
}

function consequence({ server, stunServers, natInfo, ipv4 }: NetcheckReport): string {
  if (!natInfo.relayOnly) return sentencesOf(natTexts[natInfo.natType]);
  if (ipv4.way === 'none') return sentencesOf(noIpv4);
  const [silence] = silenceFindings(stunServers, server.latencyMs !== null, null);
  return silence ? sentencesOf(silence) : 'No STUN server is known that could tell what this network does.';
}

function sentencesOf({ message, advice }: Pick<PathReason, 'message' | 'advice'>): string {
  return advice === null ? message : `${message} ${advice}`;
}
