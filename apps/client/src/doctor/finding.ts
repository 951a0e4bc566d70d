/** What a doctor finds: its shape, as `--json` prints it. */
import type { Endpoint } from '#shared/endpoint';
import type { PeerId } from '#shared/party/identity';
import type { NatType } from '#shared/party/nat-type';
import type { PathReasonCode } from '../connection/explanation';
import type { ConnectionType } from '../party/party';

/** `problem`: somebody cannot play. `warning`: it could be better, and something can be done. */
export const severities = ['problem', 'warning', 'info', 'ok'] as const;
export type Severity = (typeof severities)[number];

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What is so. */
  readonly message: string;
  /** What would change it; null when there is nothing to change. */
  readonly advice: string | null;
  readonly peer?: { readonly id: PeerId; readonly name: string; readonly virtualIp: string };
  /** The path in use, where the finding is about a peer. */
  readonly path?: PathFacts;
}

export type FindingCode =
  | 'agent_running'
  | 'agent_not_running'
  | 'agent_not_asked'
  | 'server_answers'
  | 'server_silent'
  | 'server_refuses'
  | 'sign_in_refused'
  | 'events_arrive'
  | 'events_missing'
  | `nat_${NatType}`
  | 'nat_not_examined'
  | 'no_stun_server'
  | 'nat64'
  | 'relay_answers'
  | 'relay_silent'
  | 'stun_server_silent'
  | 'stun_server_refused'
  | 'direct_off'
  | 'port_mapping_off'
  | 'port_mapping_not_tried'
  | 'port_mapped'
  | 'port_not_mapped'
  | 'port_refused'
  | 'port_double_nat'
  | 'guarded'
  | 'not_guarded'
  | 'forwarding_on'
  | 'lan_games_found'
  | 'lan_games_not_found'
  | 'broadcast_refused'
  | 'lan_listener_elsewhere'
  | 'lan_listener_group'
  | 'lan_listener_shared'
  | 'firewall_closed'
  | 'game_port_open'
  | 'game_port_no_listener'
  | 'game_port_loopback'
  | 'game_port_elsewhere'
  | 'game_port_firewalled'
  | 'game_port_not_exposed'
  | 'game_port_no_answer'
  | 'game_port_not_told'
  | 'tunnel_whole'
  | 'tunnel_repaired'
  | 'tunnel_broken'
  | 'alone'
  | 'not_connected_yet'
  | 'narrow_path'
  | PathReasonCode;

/** The path to a player: what it is, and what may become of it. */
export interface PathFacts {
  readonly connectionType: ConnectionType;
  /** Whether the player's agent is connected to the server. */
  readonly online: boolean;
  /** Where what is for the player is sent. */
  readonly endpoint: Endpoint | null;
  readonly sinceMs: number | null;
  readonly latencyMs: number | null;
  readonly latencyAgeMs: number | null;
  readonly natType: NatType;
  readonly peerNatType: NatType;
  /** What the two NATs predict. */
  readonly directExpected: boolean;
  /** Until a direct path is looked for again; 0 while it is. Null where it is not. */
  readonly nextAttemptInMs: number | null;
}
