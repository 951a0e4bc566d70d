import { LanrageError } from '#shared/errors';
import { Agent, statusAnswer } from '../agent/agent';
import type { LocalRequest, StatusAnswer } from '../agent/local-api';
import { askAgent } from '../agent/local-client';
import { createLogger } from '../logger';
import type { Peer } from '../party/party';
import { answer, type Context } from './context';
import { partyEnded, stopRequested } from './foreground';
import { newPassword, withPassword } from './password';
import { renderPartyChanged } from './party-rendering';
import {
  renderConnection,
  renderHostChanged,
  renderPeerJoined,
  renderPeerLeft,
  renderRepaired,
  renderStatus,
  renderWelcome,
} from './rendering';

export interface PasswordOptions {
  /** Ask for one. */
  readonly password?: boolean;
  readonly passwordStdin?: boolean;
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

/** `lanrage join PARTY`. @param ownServer that the player has configured, wherever a link leads */
export function join(
  context: Context,
  { partyId, peerName }: Omit<LocalRequest<'join'>, 'password'>,
  { passwordStdin = false, ownServer }: PasswordOptions & { readonly ownServer: string },
): Promise<void> {
  const { server } = context.config;
  const use = { server, ownServer, fromStdin: passwordStdin, json: context.json };
  return withPassword(use, (password) =>
    enter(
      context,
      () => askAgent(context.config.home, 'join', { partyId, peerName, password }),
      ({ parties }) => parties.joinParty(partyId, peerName, { password }),
    ),
  );
}

/** By the agent that runs, or else by one that stays in the foreground for as long as the party lasts. */
async function enter(
  context: Context,
  ask: () => Promise<StatusAnswer>,
  enterHere: (agent: Agent) => Promise<unknown>,
): Promise<void> {
  try {
    const status = await ask();
    answer(context, status, renderStatus(status));
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

/** Tells what happens in the party, line by line. */
function narrate({ parties }: Agent): void {
  // Just entered, nobody can have failed but whoever is refused.
  const refused = parties.currentParty?.getPeerList().filter(isRefused) ?? [];
  refused.forEach((peer) => console.log(renderConnection(peer)));
  parties.on('peerJoined', (peer) => {
    console.log(renderPeerJoined(peer));
    if (isRefused(peer)) console.log(renderConnection(peer));
  });
  parties.on('peerLeft', (peer) => console.log(renderPeerLeft(peer)));
  parties.on('hostChanged', (peer) => console.log(renderHostChanged(peer)));
  parties.on('partyChanged', (party) => console.log(renderPartyChanged(party)));
  parties.on('connectionChanged', (peer) => console.log(renderConnection(peer)));
  parties.on('tunnelRepaired', (parts) => console.log(renderRepaired(parts)));
  parties.on('controlLost', () => {
    console.log('The server is away. The game goes on without it.');
    parties.once('controlConnected', () => console.log('The server is back.'));
  });
}

/** Of somebody who is new. */
function isRefused({ connectionType }: Peer): boolean {
  return connectionType === 'failed';
}

function isLocal(server: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(server).hostname);
}
