/**
 * What a running agent does for programs on the player's machine: the command line, the player's page, games and mods. JSON over
 * HTTP; see docs/local-api.md, and local-openapi.ts for its description.
 */
import { z } from 'zod';
import type { PartyState } from '#shared/api/state';
import { partyIdField } from '#shared/api/fields';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { UdpReach } from '#shared/party/udp-reach';
import type { PathProgress } from '../connection/progress';
import type { DeafListener } from '../discovery/deaf-listeners';
import type { DiscoveryInfo } from '../discovery/lan-discovery';
import type { Finding } from '../doctor/finding';
import type { NatInfo } from '../nat/nat-traversal';
import type { PortMappingInfo } from '../nat/port-mapping';
import type { FirewallVerdict } from '../network/firewall/evaluation';
import type { GuardInfo } from '../network/guard/guard';
import type { TunnelInfo } from '../network/routing/tunnel-state';
import type { EndNotice } from '../party/manager-contract';
import type { Party } from '../party/party';
import type { RememberedParty } from '../party/remembered-parties';
import { hostingApiSchemas, type HostingAnswers } from './local-hosting-api';
import type { PortTrial } from './port-help';

/** The longest wait of `awaitState`: shorter than programs wait for an answer. */
const LONGEST_WAIT_SECONDS = 25;

/** For `create` and `join`. */
const entry = {
  /** An http(s) URL; absent: that of the link, or else the agent's own. */
  server: z.url({ protocol: /^https?$/ }).optional(),
  /** Leave the present party first. */
  leave: z.boolean().optional(),
};

export const localApiSchemas = {
  status: z.object({}),
  create: z.object({
    ...entry,
    name: z.string(),
    peerName: z.string().optional(),
    maxPeers: z.int().min(2).optional(),
    password: z.string().optional(),
    locked: z.boolean().optional(),
    public: z.boolean().optional(),
    persistent: z.boolean().optional(),
    sealed: z.boolean().optional(),
    discordUrl: z.string().optional(),
    network: z.string().optional(),
  }),
  join: z.object({
    ...entry,
    /** Or an invite link, which must be for `server` if that is there. */
    partyId: z.string(),
    peerName: z.string().optional(),
    password: z.string().optional(),
  }),
  /** Answers when every player is reached or cannot be: after 10 s at most. */
  settle: z.object({}),
  leave: z.object({}),
  /** The status, after the players' machines were asked for servers of games. */
  games: z.object({}),
  /** `peer`: a name, an id or a virtual IP. */
  ping: z.object({ peer: z.string() }),
  /** `peer`: somebody who is to be in the party, named as for `ping`. */
  diagnose: z.object({
    peer: z.string().optional(),
    /** The port of a game on the peer's machine; without a peer, on this machine. */
    port: z.int().min(1).max(65_535).optional(),
  }),
  /** What the doctor finds of the agent and of its network, as `lanrage doctor` does. Named as for `diagnose`. */
  doctor: z.object({ peer: z.string().optional(), port: z.int().min(1).max(65_535).optional() }),
  /** The shared state, when its version is another than this one: after `seconds` at most, as it is then. */
  awaitState: z.object({
    version: z.int().min(0),
    seconds: z.int().min(1).max(LONGEST_WAIT_SECONDS).default(LONGEST_WAIT_SECONDS),
  }),
  /** The settings that the agent was started with. */
  settings: z.object({}),
  /** The parties in which the player was before. */
  remembered: z.object({}),
  /** `partyId`: absent: all. */
  forget: z.object({ partyId: partyIdField.optional() }),
  /** What an invite link says, to show before anybody joins by it; asks no server. */
  inspect: z.object({ link: z.string() }),
  /** Opens the port of the player's page, if it is not open yet. */
  page: z.object({}),
  /** The latest lines of the agent's log. */
  log: z.object({}),
  ...hostingApiSchemas,
} as const;

export type LocalOperation = keyof typeof localApiSchemas;
export type LocalRequest<Operation extends LocalOperation> = z.output<(typeof localApiSchemas)[Operation]>;

/** What `status`, `create`, `join`, `settle` and `games` answer, and `--json` prints of all but the last. */
export type StatusAnswer =
  | {
      readonly status: 'no_party';
      readonly peerCount: 0;
      readonly server: string;
      readonly natInfo: NatInfo;
      readonly endedBecause: EndNotice | null;
    }
  | {
      readonly status: 'in_party';
      readonly party: ReturnType<Party['toJSON']>;
      readonly peerCount: number;
      readonly server: string;
      readonly natInfo: NatInfo;
      readonly controlConnected: boolean;
      readonly guard: GuardInfo | null;
      readonly tunnel: TunnelInfo | null;
      readonly discovery: DiscoveryInfo | null;
    };

export type InParty = Extract<StatusAnswer, { status: 'in_party' }>;

export interface PingAnswer {
  readonly name: string;
  readonly virtualIp: string;
  /** null: no answer in 1 s */
  readonly latencyMs: number | null;
}

/** What only the agent knows of how things stand. */
export interface Diagnosis {
  readonly status: StatusAnswer;
  /** The agent's settings, which need not be those of the command that asks; the server is the one that it has turned to. */
  readonly settings: { readonly server: string; readonly direct: boolean; readonly portMapping: boolean };
  /** Whether the server's events arrive. */
  readonly controlConnected: boolean;
  /** Why they do not arrive, as far as it is known. */
  readonly controlFault: { readonly code: string; readonly message: string } | null;
  /** Who answers this machine by UDP. */
  readonly udp: UdpReach;
  readonly portMapping: PortMappingInfo;
  /** By peer id, one entry for each other member of the party. */
  readonly paths: Readonly<Record<PeerId, PathProgress>>;
  /** The player who was asked about; null: all. */
  readonly peerId: PeerId | null;
  /** What came of trying the port; null when none was asked for. */
  readonly trial: PortTrial | null;
  readonly interfaceName: string;
  /** What the firewalls of this machine do to what the party sends to ports that they do not name; null in no party. */
  readonly firewall: FirewallVerdict | null;
  /** Games of this machine that do not hear of those of others, as they listen; none in no party. */
  readonly deaf: readonly DeafListener[];
  /** Why this machine sends no broadcasts, the code of the system's error; null when it does, and in no party. */
  readonly broadcastFault: string | null;
}

export interface DoctorAnswer {
  /** Those that matter most first. */
  readonly findings: readonly Finding[];
}

/** As README's table of settings has them. */
export interface SettingsAnswer {
  readonly server: string;
  readonly nickname: string;
  readonly direct: boolean;
  readonly portMapping: boolean;
  /** null: it depends on whether the party is public. */
  readonly expose: string | null;
  readonly discovery: string;
  readonly forward: boolean;
  /** Path of the file in which they can be set for the next start. */
  readonly file: string;
}

export interface PageAnswer {
  /** The page's address, with the token of this agent in its fragment: who has the token may do all that is here. */
  readonly address: string;
}

export interface RememberedAnswer {
  /** The agent's own, where parties are created unless another one is named. */
  readonly server: string;
  /** The latest first. */
  readonly parties: readonly RememberedParty[];
}

export interface InvitationAnswer {
  readonly server: string;
  readonly partyId: PartyId;
  /** Peer id of the host who made the link, as the link has it. */
  readonly hostId: string;
  readonly sealed: boolean;
  /** Whether it is the agent's own server. */
  readonly isOwnServer: boolean;
  /** The party's name, if the player was there before. */
  readonly name: string | null;
}

export interface LocalAnswers extends HostingAnswers<StatusAnswer> {
  status: StatusAnswer;
  create: StatusAnswer;
  join: StatusAnswer;
  settle: StatusAnswer;
  leave: null;
  games: StatusAnswer;
  ping: PingAnswer;
  diagnose: Diagnosis;
  doctor: DoctorAnswer;
  awaitState: PartyState;
  settings: SettingsAnswer;
  remembered: RememberedAnswer;
  forget: null;
  inspect: InvitationAnswer;
  page: PageAnswer;
  /** JSON, the oldest first. */
  log: { readonly lines: readonly string[] };
}

/** The path of the events, by GET: an answer that does not end, of Server-Sent Events; see agent-events.ts. */
export const EVENTS_PATH = '/v1/events';
/** The path of the description of this API, by GET: OpenAPI. */
export const DESCRIPTION_PATH = '/v1/openapi.json';

/** All operations are POST, so that nothing repeats one by itself. */
export function localPath(operation: LocalOperation): string {
  return `/v1/${operation}`;
}
