import { LanrageError } from '#shared/errors';
import { isSameServer, parseInviteLink } from '#shared/party/invite';
import { Agent, statusAnswer } from '../agent/agent';
import type { InParty, LocalRequest, StatusAnswer } from '../agent/local-api';
import { askAgent } from '../agent/local-client';
import { DEFAULT_SERVER, partyPasswordFrom, rememberServer } from '../config';
import type { NewInvite } from '../party/invites';
import { unreachedIn } from '../agent/agent-events';
import { answer, say, type Context } from './context';
import { partyEnded, stopRequested } from './foreground';
import { newPassword, withPassword } from './password';
import { renderEvent } from './event-rendering';
import { renderInvite } from './party-rendering';
import { renderStatus, renderUnreached, renderWelcome } from './rendering';

export interface PasswordOptions {
  /** Ask for one. */
  readonly password?: boolean;
  readonly passwordStdin?: boolean;
}

export interface JoinUse extends PasswordOptions {
  /** Answer when every player is reached or cannot be. */
  readonly wait?: boolean;
  /** Where a party is that was remembered. */
  readonly server?: string;
}

/** What a command says of a party; where it is follows from the context. */
type Terms<Operation extends 'create' | 'join'> = Omit<LocalRequest<Operation>, 'password' | 'server'>;

/** `lanrage create NAME`: for people with an invite link, which programs get from `lanrage invite`. */
export async function create(
  context: Context,
  terms: Terms<'create'>,
  { password: hasPassword = false, passwordStdin = false }: PasswordOptions,
): Promise<void> {
  const { home, server } = context.config;
  const use = { server, ownServer: server, fromStdin: passwordStdin, json: context.json };
  const password = hasPassword || passwordStdin ? await newPassword(use) : undefined;
  // A password is for the server of this command, wherever the agent that runs has its own.
  const request = { ...terms, password, server: password === undefined ? context.namedServer : server };
  return enter(context, {
    ask: async () => {
      const status = await askAgent(home, 'create', request);
      const invite = await linkFor(context, () => askAgent(home, 'invite', {}));
      if (invite) say(`${renderInvite(invite)}\n`);
      return status;
    },
    here: async (agent) => {
      await agent.create(request);
      return linkFor(context, () => agent.parties.invites.make());
    },
  });
}

/** `lanrage join PARTY`. @throws LanrageError PEER_UNREACHABLE for one that waits, and does not reach everybody … */
export function join(
  own: Context,
  { partyId, peerName, leave }: Terms<'join'>,
  { passwordStdin = false, wait = false, server: remembered }: JoinUse,
): Promise<void> {
  const ownServer = own.config.server;
  // A link says where it leads, and the password of the environment is for the player's own server.
  const led = parseInviteLink(partyId)?.server ?? remembered;
  const named = led ?? own.namedServer ?? (partyPasswordFrom() && ownServer);
  const server = named ?? ownServer;
  const context = { ...own, config: { ...own.config, server } };
  const use = { server, ownServer, fromStdin: passwordStdin, json: own.json };
  return withPassword(use, (password) =>
    enter(context, {
      ask: async () => {
        const request = { partyId, peerName, password, server: named, leave };
        const entered = await askAgent(own.config.home, 'join', request);
        return wait ? askAgent(own.config.home, 'settle', {}) : entered;
      },
      here: async (agent) => {
        const { parties } = agent;
        await agent.join({ partyId, peerName, password });
        if (wait) await parties.waitConnected();
        return null;
      },
      isToReachAll: wait,
    }),
  );
}

interface Entry {
  /** Has the agent that runs enter. */
  readonly ask: () => Promise<StatusAnswer>;
  /** Has an agent of this process enter. @returns a link to show */
  readonly here: (agent: Agent) => Promise<NewInvite | null>;
  readonly isToReachAll?: boolean;
}

/** Enters by the agent that runs, or else by one that stays in the foreground for as long as the party lasts. */
async function enter(context: Context, { ask, here, isToReachAll = false }: Entry): Promise<void> {
  try {
    const status = await ask();
    answer(context, status, renderStatus(status));
    const unreached = unreachedIn({ event: 'status', data: status });
    if (isToReachAll && unreached.length > 0)
      throw new LanrageError('PEER_UNREACHABLE', { message: renderUnreached(unreached) });
  } catch (error) {
    if (!(error instanceof LanrageError) || error.code !== 'AGENT_NOT_RUNNING') throw error;
    await runParty(context, {
      here,
      stop: stopRequested().then(() => null),
      announce: (status, invite) => announce(context, status, invite),
    });
  }
}

/** A party of an agent in this process. */
interface PartyRun extends Pick<Entry, 'here'> {
  /** Resolves when the player wants to stop. */
  readonly stop: Promise<null>;
  /** Tells the player what was entered. */
  readonly announce: (status: InParty, invite: NewInvite | null) => void;
  /** Is done before the player who wants to stop leaves. */
  readonly beforeLeaving?: (agent: Agent) => Promise<void>;
}

/** Runs an agent for as long as the party lasts. @throws LanrageError that says why the party ended, if the player did not end it */
export async function runParty(
  context: Context,
  { here, stop, announce, beforeLeaving }: PartyRun,
): Promise<void> {
  const { config, json } = context;
  const agent = await Agent.start(config, config.logLevel ?? 'error');
  try {
    agent.connect();
    const ended = partyEnded(agent);
    const entering = here(agent)
      .then((invite) => ({ invite }))
      .catch((error: unknown) => {
        throw hinted(error, context);
      });
    const entered = await Promise.race([entering, stop]);
    if (!entered) return;
    const status = statusAnswer(agent.parties.describe());
    if (status.status === 'in_party') announce(status, entered.invite);
    remember(context);
    if (!json) narrate(agent);
    const reason = await Promise.race([ended, stop]);
    if (reason) throw reason;
    await beforeLeaving?.(agent);
  } finally {
    await agent.stop();
  }
}

function announce(context: Context, status: InParty, invite: NewInvite | null): void {
  const { server } = context.config;
  answer(context, status, renderWelcome(status, isLocal(server) ? null : server, invite));
}

/** A player who names no server seldom means this machine: sudo keeps LANRAGE_SERVER to itself. */
function hinted(error: unknown, { config, namedServer }: Context): unknown {
  const isAway = error instanceof LanrageError && error.code === 'CONTROL_UNAVAILABLE';
  if (!isAway || namedServer !== undefined || config.server !== DEFAULT_SERVER) return error;
  const message = `${error.message} No server was named: add --server http://SERVER:8080, as sudo does not pass LANRAGE_SERVER on.`;
  return new LanrageError('CONTROL_UNAVAILABLE', { message, cause: error });
}

/** What a host needs first, where people read it; null: there is the party id. */
async function linkFor({ json }: Context, make: () => Promise<NewInvite>): Promise<NewInvite | null> {
  if (json) return null;
  try {
    return await make();
  } catch (error) {
    if (error instanceof LanrageError) return null;
    throw error;
  }
}

/** The server that was named for this command, not one that a link leads to: it gets the player's passwords. */
function remember({ config, namedServer, json }: Context): void {
  if (namedServer === undefined || !isSameServer(namedServer, config.server)) return;
  try {
    if (rememberServer(config.home, namedServer) && !json)
      say(`Your server from now on, also without --server: ${namedServer}\n`);
  } catch (error) {
    // A full disk is no reason to stop playing.
    if (!(error instanceof LanrageError)) throw error;
  }
}

/** Tells what happens in the party, line by line; its end and what games share are told elsewhere. */
function narrate(agent: Agent): void {
  agent.follow((event) => {
    if (event.event === 'ended' || event.event === 'stateChanged') return;
    for (const line of renderEvent(event)) say(line);
  });
}

function isLocal(server: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(server).hostname);
}
