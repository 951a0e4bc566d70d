/** The description of the local API for programs, as OpenAPI 3.1. It is loaded when somebody asks for it. */
import { z } from 'zod';
import { banListSchema } from '#shared/api/hosting';
import { inviteListSchema, inviteSchema } from '#shared/api/invites';
import { partySettingsSchema } from '#shared/api/party';
import { errorBodySchema } from '#shared/api/rest';
import { partyStateSchema, stateEntrySchema } from '#shared/api/state';
import { errorCatalogue } from '#shared/errors';
import { hostingApiSchemas } from './local-hosting-api';
import * as answers from './local-answers';
import type { AgentEvent } from './agent-events';
import {
  DESCRIPTION_PATH,
  EVENTS_PATH,
  localApiSchemas,
  localPath,
  type LocalAnswers,
  type LocalOperation,
} from './local-api';

/** Version of the API; grows with what older programs do not understand, as the paths then do. */
const API_VERSION = '1.0.0';

/** What each operation is for, and what it answers. */
const operations = {
  status: ['How things stand; latencies are measured for 0.4 s at most', answers.statusSchema],
  create: ['Opens a party, with this player as host', answers.statusSchema],
  join: [
    'Joins a party by its id or an invite link, at whatever server it is; peers are still `connecting` then',
    answers.statusSchema,
  ],
  settle: ['Answers when every player is reached or cannot be: after 10 s at most', answers.statusSchema],
  leave: ['Leaves the party', z.null()],
  games: [
    "The status, after the players' machines were asked for servers of games, for 0.7 s",
    answers.statusSchema,
  ],
  ping: ['Measures the latency to a player through the tunnel; null: no answer in 1 s', answers.pingSchema],
  diagnose: ['What the agent knows, for a doctor', answers.diagnosisSchema],
  doctor: ['What is wrong, and what would change it; takes 8 s at most', answers.doctorSchema],
  awaitState: ['Waits for a change of the shared state (long poll)', partyStateSchema],
  log: ['What the agent has logged since it started, as lines of JSON', answers.logSchema],
  settings: ['The settings that the agent was started with', answers.settingsSchema],
  remembered: ['The parties in which the player was before, with their servers', answers.rememberedSchema],
  forget: ['Forgets one of them, or all', z.null()],
  inspect: ['What an invite link says; asks no server, and joins nothing', answers.invitationSchema],
  page: ["Opens the player's page, and says where it is", answers.pageSchema],
  change: ['Changes the party; absent fields stay as they are. For its host', answers.statusSchema],
  rename: ['Gives this player another name in the party', answers.statusSchema],
  kick: ['Removes a player, who may come back. For the host', answers.statusSchema],
  ban: ['Bans a player, by key. For the host', answers.statusSchema],
  unban: ['Lifts a ban. For the host', z.null()],
  bans: ['Who is banned. For the host', banListSchema],
  invite: ['Makes an invite link. For the host', answers.newInviteSchema],
  invites: ['The valid invite links. For the host', inviteListSchema],
  uninvite: ['Revokes an invite link. For the host', z.null()],
  close: ['Ends the party for everybody. For its owner', z.null()],
  readState: ['What the players share', partyStateSchema],
  writeState: ['Writes or removes a key; with `version`, only if it has that one', stateEntrySchema],
} as const satisfies Record<LocalOperation, readonly [summary: string, answer: z.ZodType]>;

type DeepReadonly<Value> = Value extends object
  ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
  : Value;
type Described = { [Operation in LocalOperation]: DeepReadonly<z.input<(typeof operations)[Operation][1]>> };

/** The compiler refuses these where what is answered or told is not what is described. */
void ((answer: LocalAnswers): Described => answer);
void ((event: AgentEvent): DeepReadonly<z.input<typeof answers.eventSchema>> => event);

/** What an operation answers. */
export function answerSchema(operation: LocalOperation): z.ZodType {
  return operations[operation][1];
}

const named = {
  BanList: banListSchema,
  Diagnosis: answers.diagnosisSchema,
  Error: errorBodySchema.extend({
    error: errorBodySchema.shape.error.extend({ code: z.enum(Object.keys(errorCatalogue)) }),
  }),
  Event: answers.eventSchema,
  Finding: answers.findingSchema,
  GameServer: answers.gameServerSchema,
  Invite: inviteSchema,
  InviteList: inviteListSchema,
  NatInfo: answers.natInfoSchema,
  NewInvite: answers.newInviteSchema,
  Party: answers.partySchema,
  PartySettings: partySettingsSchema,
  PathReason: answers.pathReasonSchema,
  Peer: answers.peerSchema,
  Settings: answers.settingsSchema,
  SharedState: partyStateSchema,
  StateEntry: stateEntrySchema,
  Status: answers.statusSchema,
  Tunnel: answers.tunnelSchema,
} as const;

const description = `What the LANrage agent on a player's machine does for programs there: for games, mods and tools as for its own command
line and page. Ask it at its unix socket, \`agent.sock\` in its state folder, which for an agent of root's is \`/var/lib/lanrage\` and open to
the group \`lanrage\`; or at the loopback port of its page, with a bearer token. docs/local-api.md has more.`;

export function describeLocalApi(): object {
  const { components, converted } = convert();
  const paths = Object.fromEntries(
    (Object.keys(operations) as LocalOperation[]).map((operation) => {
      const post = {
        operationId: operation,
        summary: operations[operation][0],
        tags: [operation in hostingApiSchemas ? 'party' : 'agent'],
        requestBody: { required: true, content: json(converted(`${operation}Request`)) },
        responses: {
          200: { description: 'Done', content: json(converted(`${operation}Answer`)) },
          ...refusals,
        },
      };
      return [localPath(operation), { post }];
    }),
  );
  return {
    openapi: '3.1.0',
    info: { title: 'LANrage agent', version: API_VERSION, description },
    servers: [{ url: 'http://localhost', description: 'By the unix socket; the name says nothing there' }],
    security: [{}, { token: [] }],
    paths: { ...paths, [EVENTS_PATH]: { get: events }, [DESCRIPTION_PATH]: { get: itself } },
    components: { schemas: components, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

const refusals = {
  default: {
    description:
      'Refused; `code` says why. 401: no token of this agent. 403: not for other pages. 503: too many listeners',
    content: json({ $ref: '#/components/schemas/Error' }),
  },
};

const events = {
  operationId: 'events',
  summary: 'What happens, as it happens: Server-Sent Events',
  description:
    'First a `status`: how things stand. With `Last-Event-ID`, as long as the agent remembers, what happened after that event instead.',
  tags: ['agent'],
  parameters: [{ name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'string' } }],
  responses: {
    200: {
      description: 'Each event has a name and JSON as its data: see the schema `Event`',
      content: { 'text/event-stream': { schema: { $ref: '#/components/schemas/Event' } } },
    },
    ...refusals,
  },
};

const itself = {
  operationId: 'describe',
  summary: 'This description',
  tags: ['agent'],
  responses: { 200: { description: 'OpenAPI 3.1', content: json({ type: 'object' }) }, ...refusals },
};

function json(schema: object) {
  return { 'application/json': { schema } };
}

/** All schemas, those of `named` by reference. Bodies are described as they are on the wire, which is the schemas' input. */
function convert() {
  const registry = z.registry<{ id: string }>();
  const bodies = (Object.keys(operations) as LocalOperation[]).flatMap((operation) => [
    [`${operation}Request`, localApiSchemas[operation]] as const,
    [`${operation}Answer`, operations[operation][1]] as const,
  ]);
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const uri = (id: string) => `#/components/schemas/${id}`;
  const { schemas } = z.toJSONSchema(registry, { uri, io: 'input' });
  const components = Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plain(schema)]));
  const inline = new Map<string, object>(
    bodies.map(([id, schema]): [string, object] => {
      const [name] = Object.entries(named).find(([, other]) => other === schema) ?? [];
      return [id, name === undefined ? plain(z.toJSONSchema(schema, { io: 'input' })) : { $ref: uri(name) }];
    }),
  );
  return { components, converted: (id: string) => inline.get(id) ?? {} };
}

/** In OpenAPI the document says which dialect it is in, and where a schema is. */
function plain({ $schema, $id, ...schema }: Record<string, unknown>): Record<string, unknown> {
  void [$schema, $id];
  return schema;
}
