/**
 * The answers of the local API, and its events, for its description. An agent does not check its own answers by these schemas: the
 * compiler checks the types (see local-openapi.ts), and a test what an agent really answers.
 */
import { z } from 'zod';
import { partySettingsSchema } from '#shared/api/party';
import { stateEntrySchema } from '#shared/api/state';
import { inviteSchema } from '#shared/api/invites';
import { natTypes } from '#shared/party/nat-type';
import { udpReaches } from '#shared/party/udp-reach';
import { severities } from '../doctor/finding';
import { rememberedPartySchema } from '../party/remembered-parties';
import { tunnelParts } from '../network/routing/tunnel-state';

/** A word of a list that newer versions may lengthen. */
const word = z.string();
const endpoint = z.string().describe('`ip:port`').nullable();
const timestamp = z.string().describe('ISO 8601, UTC');
const virtualIp = z.string().describe("An address in the party's network");
const peerId = z.string().describe('16 hex digits');
const serverUrl = z.string().describe('The control plane that the agent has turned to, an http(s) URL');
const milliseconds = z.number().nullable();
const notice = z.object({ code: word, message: z.string() });

const remark = z.object({
  code: word,
  message: z.string().describe('What is so.'),
  advice: z.string().nullable().describe('What would change it; null when there is nothing to change.'),
});

export const pathReasonSchema = remark.describe('Why a path is what it is.');

export const peerSchema = z
  .object({
    id: peerId,
    name: z.string(),
    publicKey: z.string().describe("WireGuard's, base64"),
    virtualIp,
    endpoint: endpoint.describe("Public address of the peer's WireGuard; null where it is not known"),
    latencyMs: milliseconds.describe('Round trip through the tunnel; null while unknown'),
    latencyAgeMs: milliseconds.describe('How long ago that was measured'),
    packetLimit: z.number().nullable().describe('The largest packets in bytes, where smaller than usual'),
    connectionType: z.enum(['direct', 'relayed', 'connecting', 'host', 'failed', 'unknown']),
    reason: pathReasonSchema.nullable().describe('Null for the player itself'),
    pathEndpoint: endpoint.describe(
      "Where WireGuard sends what is for the peer: its own address, or a relay's",
    ),
    directExpected: z.boolean(),
    joinedAt: timestamp,
    natType: z.enum(natTypes),
    direct: z.boolean().describe('Whether the peer takes part in looking for direct paths'),
    udp: z.enum(udpReaches),
    online: z.boolean().describe("Whether the peer's agent is connected to the server"),
    doubted: z.boolean().describe('The server counts it as gone, but it answers here'),
    vouched: z.boolean().nullable().describe("Whether the party key vouches for the peer's key"),
    isHost: z.boolean(),
    isSelf: z.boolean(),
  })
  .describe('A member of the party, as this agent sees it.');

export const partySchema = z.object({
  id: z.string().describe('12 hex digits'),
  name: z.string(),
  hostId: peerId,
  ownerId: peerId,
  createdAt: timestamp,
  maxPeers: z.int(),
  settings: partySettingsSchema,
  network: z.string().describe("The network of the players' addresses, such as `10.66.0.0/16`"),
  peers: z.array(peerSchema).describe('In order of joining, the player itself included'),
});

export const gameServerSchema = z
  .object({
    game: z.string(),
    name: z.string().nullable(),
    virtualIp: virtualIp.describe(
      'Address of the player on whose machine it runs: with the port, what to type into the game',
    ),
    port: z.int(),
    ageSeconds: z.number().describe('How long ago it showed itself'),
  })
  .describe("A game's server that shows itself in the party.");

export const natInfoSchema = z.object({
  natType: z.enum(natTypes),
  mapping: word,
  filtering: word,
  portPreservation: z.boolean().nullable(),
  publicEndpoint: endpoint,
  hairpinning: z.boolean().nullable(),
  relayOnly: z.boolean().describe('Nothing is known that would help a direct path'),
  detectedAt: timestamp.nullable(),
  stunServers: z.array(z.object({ endpoint: z.string(), roundTripMs: milliseconds })),
});

export const tunnelSchema = z.object({
  network: z.string(),
  missing: z.array(z.enum(tunnelParts)),
  detail: z.string().nullable(),
  strays: z.array(z.object({ virtualIp, interfaceName: z.string().nullable() })),
  repairs: z.int(),
});

const guardSchema = z.object({
  state: z.enum(['on', 'off']),
  exposure: z.string().describe('`all`, `games` or ports, as LANRAGE_EXPOSE takes them'),
  forwarding: z.boolean(),
  detail: z.string().nullable(),
});

const discoverySchema = z.object({
  state: z.enum(['on', 'off']),
  carries: z.string().nullable(),
  detail: z.string().nullable(),
  flows: z.array(
    z.object({
      destination: z.string(),
      port: z.int(),
      carried: z.int(),
      copies: z.int(),
      repeated: z.int(),
      limited: z.int(),
    }),
  ),
  servers: z.array(gameServerSchema),
});

export const statusSchema = z
  .discriminatedUnion('status', [
    z.object({
      status: z.literal('no_party'),
      peerCount: z.literal(0),
      server: serverUrl,
      natInfo: natInfoSchema,
      endedBecause: notice.nullable().describe('Why the last party is over, if the player did not leave it'),
    }),
    z.object({
      status: z.literal('in_party'),
      party: partySchema,
      peerCount: z.int(),
      server: serverUrl,
      natInfo: natInfoSchema,
      controlConnected: z
        .boolean()
        .describe("Whether the server's events arrive; the game does not need them"),
      guard: guardSchema.nullable().describe('What the others reach on this machine'),
      tunnel: tunnelSchema.nullable(),
      discovery: discoverySchema.nullable().describe('How games find each other, and which servers run'),
    }),
  ])
  .describe('How things stand.');

export const newInviteSchema = inviteSchema.extend({
  link: z
    .string()
    .describe('Leads into the party. It exists nowhere else: neither server nor agent keeps it'),
});

export const pingSchema = z.object({ name: z.string(), virtualIp, latencyMs: milliseconds });

export const findingSchema = remark.extend({
  severity: z.enum(severities),
  peer: z.object({ id: peerId, name: z.string(), virtualIp }).optional(),
  path: z.unknown().optional().describe('The path in use, where the finding is about a peer'),
});

export const doctorSchema = z.object({
  findings: z.array(findingSchema).describe('Those that matter most first'),
});

const portState = z.object({ listener: word, entry: word });

export const diagnosisSchema = z
  .object({
    status: statusSchema,
    settings: z.object({ server: z.string(), direct: z.boolean(), portMapping: z.boolean() }),
    controlConnected: z.boolean(),
    controlFault: notice.nullable(),
    udp: z.enum(udpReaches),
    portMapping: z.object({
      state: word,
      endpoint,
      protocol: word.nullable(),
      gateway: z.string().nullable(),
      detail: z.string().nullable(),
    }),
    paths: z
      .record(
        z.string(),
        z.object({ sinceMs: z.number(), failedAttempts: z.int(), nextAttemptInMs: milliseconds }),
      )
      .describe('By peer id'),
    peerId: peerId.nullable(),
    trial: z
      .object({
        port: z.int(),
        tcp: word.nullable(),
        told: z.union([z.object({ tcp: portState, udp: portState }), z.literal('busy')]).nullable(),
      })
      .nullable(),
    interfaceName: z.string(),
    firewall: z
      .object({
        state: word,
        by: z.object({ tool: word, table: z.string(), chain: z.string() }).nullable(),
      })
      .nullable(),
    deaf: z
      .array(z.object({ port: z.int(), address: z.string(), why: word }))
      .describe('Games of this machine that do not hear of those of others, as they listen'),
    broadcastFault: word.nullable().describe("The system's error; null where games can ask everybody"),
  })
  .describe(
    "What only the agent knows of how things stand; the command line's doctor makes sentences of it.",
  );

export const settingsSchema = z
  .object({
    server: z.string(),
    nickname: z.string(),
    direct: z.boolean(),
    portMapping: z.boolean(),
    expose: z.string().nullable().describe('Null: all, and games alone in public parties'),
    discovery: z.string().describe('`on`, `off` or ports'),
    forward: z.boolean(),
    file: z.string().describe('Where they can be set for the next start'),
  })
  .describe('Settings of the agent, which stay as they are while it runs.');

export const logSchema = z.object({ lines: z.array(z.string()).describe('JSON, the oldest first') });

export const rememberedSchema = z.object({
  server: z
    .string()
    .describe("The agent's own server, where parties are created unless another one is named"),
  parties: z.array(rememberedPartySchema).describe('The latest first'),
});

export const invitationSchema = z.object({
  server: z.string(),
  partyId: z.string(),
  hostId: peerId.describe('Of the host who made the link, as the link has it'),
  sealed: z.boolean(),
  isOwnServer: z.boolean().describe("Whether it is the agent's own server"),
  name: z.string().nullable().describe("The party's name, if the player was there before"),
});

export const pageSchema = z.object({
  address: z.string().describe('With the token in its fragment: who has the token may do all that is here'),
});

const event = <Name extends string, Data extends z.ZodType>(name: Name, data: Data) =>
  z.object({ event: z.literal(name), data });

export const eventSchema = z
  .discriminatedUnion('event', [
    event('status', statusSchema).describe('How things stand: first, and when a party is entered.'),
    event('peerJoined', peerSchema),
    event('peerLeft', peerSchema).describe('As it was last seen.'),
    event('hostChanged', peerSchema).describe('Who is host now.'),
    event('connectionChanged', peerSchema).describe('The path to a peer is another one; `reason` says why.'),
    event('partyChanged', partySchema).describe('Its name, owner, size or settings.'),
    event('stateChanged', stateEntrySchema).describe('Without a value: the key was removed.'),
    event('gamesChanged', z.array(gameServerSchema)).describe('All that show themselves now.'),
    event('tunnelRepaired', z.array(z.enum(tunnelParts))).describe(
      'Taken away by another program, and put back.',
    ),
    event('tunnelChanged', tunnelSchema),
    event('controlLost', z.null()).describe("The server's events do not arrive; the game goes on."),
    event('controlConnected', z.null()).describe('They do again.'),
    event('ended', notice.nullable()).describe('In no party any more; null: the player left it.'),
  ])
  .describe('What happens: the name of a Server-Sent Event, and what its data is as JSON.');
