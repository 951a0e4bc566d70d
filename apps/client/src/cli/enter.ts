import { LanrageError } from '#shared/errors';
import { Agent, statusAnswer } from '../agent/agent';
import type { LocalRequest, StatusAnswer } from '../agent/local-api';
import { askAgent } from '../agent/local-client';
import { createLogger } from '../logger';
import { unreachedIn } from '../agent/agent-events';
import { answer, type Context } from './context';
import { partyEnded, stopRequested } from './foreground';
import { newPassword, withPassword } from './password';
import { renderEvent } from './event-rendering';
import { renderStatus, renderUnreached, renderWelcome } from './rendering';

export interface PasswordOptions {
  /** Ask for one. */
  readonly password?: boolean;
  readonly passwordStdin?: boolean;
}

export interface JoinUse extends PasswordOptions {
  /** Answer when every player is reached or cannot be. */
  readonly wait?: boolean;
  /** That the player has configured, wherever a link leads. */
  readonly ownServer: string;
}

/** `lanrage create NAME` */
export async function create(
  context: Context,
  terms: Omit<LocalRequest<'create'>, 'password'>,
  { password: hasPassword = false, passwordStdin = false }: PasswordOptions,
): Promise<void> {
  const { server } = context.config;
  const use = { server, ownServer: server, fromStdin: passwordStdin, json: context.json };
  const password = hasPassword || passwordStdin ? await newPassword(use) : undefined;
  const request = { ...terms, password };
  return enter(
    context,
    () => askAgent(context.config.home, 'create', request),
    ({ parties }) => parties.createParty(request.name, request),
  );
}

/** `lanrage join PARTY`. @throws LanrageError PEER_UNREACHABLE for one that waits, and does not reach everybody … */
export function join(
  context: Context,
  { partyId, peerName }: Omit<LocalRequest<'join'>, 'password'>,
  { passwordStdin = false, wait = false, ownServer }: JoinUse,
): Promise<void> {
  const { server } = context.config;
  const use = { server, ownServer, fromStdin: passwordStdin, json: context.json };
  const { home } = context.config;
  return withPassword(use, (password) =>
    enter(
      context,
      async () => {
        const entered = await askAgent(home, 'join', { partyId, peerName, password });
        return wait ? askAgent(home, 'settle', {}) : entered;
      },
      async ({ parties }) => {
        await parties.joinParty(partyId, peerName, { password });
        if (wait) await parties.waitConnected();
      },
      wait,
    ),
  );
}

/** By the agent that runs, or else by one that stays in the foreground for as long as the party lasts. */
async function enter(
  context: Context,
  ask: () => Promise<StatusAnswer>,
  enterHere: (agent: Agent) => Promise<unknown>,
  isToReachAll = false,
): Promise<void> {
  try {
    const status = await ask();
    answer(context, status, renderStatus(status));
    const unreached = unreachedIn({ event: 'status', data: status });
    if (isToReachAll && unreached.length > 0)
      throw new LanrageError('PEER_UNREACHABLE', { message: renderUnreached(unreached) });
  } catch (error) {
    if (!(error instanceof LanrageError) || error.code !== 'AGENT_NOT_RUNNING') throw error;
    await runParty(context, enterHere);
  }
}

async function runParty(context: Context, enterHere: (agent: Agent) => Promise<unknown>): Promise<void> {
  const { config, json } = context;
  const stop = stopRequested().then(() => null);
  const agent = await Agent.start(config, createLogger(config.logLevel ?? 'error'));
  try {
    agent.connect();
    const ended = partyEnded(agent);
    const entered = await Promise.race([enterHere(agent), stop]);
    if (entered === null) return;
    announce(context, statusAnswer(agent.parties.describe()));
    if (!json) narrate(agent);
    const reason = await Promise.race([ended, stop]);
    if (reason) throw reason;
  } finally {
    await agent.stop();
  }
}

function announce(context: Context, status: StatusAnswer): void {
  if (status.status === 'no_party') return;
  const { server } = context.config;
  answer(context, status, renderWelcome(status, isLocal(server) ? null : server));
}

/** Tells what happens in the party, line by line; its end and what games share are told elsewhere. */
function narrate(agent: Agent): void {
  agent.follow((event) => {
    if (event.event === 'ended' || event.event === 'stateChanged') return;
    for (const line of renderEvent(event)) console.log(line);
  });
}

function isLocal(server: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(server).hostname);
}
