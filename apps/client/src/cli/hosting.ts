import { z } from 'zod';
import { LanrageError } from '#shared/errors';
import type { LocalRequest, StatusAnswer } from '../agent/local-api';
import { askAgent } from '../agent/local-client';
import { validPartyId } from '../party/valid-input';
import { asPlayer } from './as-player';
import { answer, type Context } from './context';
import { newPassword } from './password';
import { renderBans } from './party-rendering';
import { renderStatus } from './rendering';

/** What `set` takes; `password`: true to set one, false to remove it. */
export interface SetOptions {
  readonly name?: string;
  readonly maxPlayers?: number;
  readonly locked?: boolean;
  readonly public?: boolean;
  readonly persistent?: boolean;
  readonly password?: boolean;
  readonly passwordStdin?: boolean;
  readonly host?: string;
  readonly owner?: string;
}

/** Whether there is anything to do. */
export function changesSomething(options: SetOptions): boolean {
  const {
    name,
    maxPlayers,
    locked,
    public: isPublic,
    persistent,
    password,
    passwordStdin,
    host,
    owner,
  } = options;
  const given = [name, maxPlayers, locked, isPublic, persistent, password, passwordStdin, host, owner];
  return given.some((value) => value !== undefined);
}

/** `lanrage set` */
export async function set(context: Context, options: SetOptions): Promise<void> {
  const { name, maxPlayers: maxPeers, locked, public: isPublic, persistent, host, owner } = options;
  const password = await passwordToSet(context, options);
  await change(context, { name, maxPeers, locked, public: isPublic, persistent, host, owner, password });
}

/** `lanrage lock`, `unlock` and others that change one thing. */
export async function change(context: Context, request: LocalRequest<'change'>): Promise<void> {
  show(context, await askAgent(context.config.home, 'change', request));
}

/** `lanrage nick NAME` */
export async function nick(context: Context, name: string): Promise<void> {
  show(context, await askAgent(context.config.home, 'rename', { name }));
}

/** `lanrage kick PEER` */
export async function kick(context: Context, peer: string): Promise<void> {
  show(context, await askAgent(context.config.home, 'kick', { peer }));
}

/** `lanrage ban PEER` */
export async function ban(context: Context, peer: string): Promise<void> {
  show(context, await askAgent(context.config.home, 'ban', { peer }));
}

/** `lanrage unban PEER` */
export async function unban(context: Context, peer: string): Promise<void> {
  await askAgent(context.config.home, 'unban', { peer });
  answer(context, { status: 'unbanned' }, 'The player may join again.');
}

/** `lanrage bans` */
export async function bans(context: Context): Promise<void> {
  const list = await askAgent(context.config.home, 'bans', {});
  answer(context, list, renderBans(list));
}

/** `lanrage close [PARTY]`; one that the player names is closed without an agent as well. */
export async function close(context: Context, partyId: string | undefined): Promise<void> {
  const { config } = context;
  try {
    await askAgent(config.home, 'close', { partyId });
  } catch (error) {
    const isAgentMissing = error instanceof LanrageError && error.code === 'AGENT_NOT_RUNNING';
    if (partyId === undefined || !isAgentMissing) throw error;
    const path = `/v1/parties/${validPartyId(partyId)}`;
    await asPlayer(config, { method: 'DELETE', path, answer: z.unknown() });
  }
  answer(context, { status: 'closed' }, 'The party is closed.');
}

/** `lanrage discord [URL]`; without one it shows the party, and the link with it. */
export async function discord(context: Context, url: string | undefined, remove: boolean): Promise<void> {
  if (url !== undefined) return change(context, { discordUrl: url });
  if (remove) return change(context, { discordUrl: null });
  const { home } = context.config;
  const status = await askAgent(home, 'status', {});
  const link = status.status === 'in_party' ? status.party.settings.discordUrl : null;
  answer(context, { discordUrl: link }, link ?? 'The party has no Discord link.');
}

function show(context: Context, status: StatusAnswer): void {
  answer(context, status, renderStatus(status));
}

async function passwordToSet(
  { config, json }: Context,
  { password, passwordStdin = false }: SetOptions,
): Promise<string | null | undefined> {
  if (password === false) return null;
  if (!password && !passwordStdin) return undefined;
  // The agent may have followed a link to another server.
  const { server } = (await askAgent(config.home, 'diagnose', {})).settings;
  return newPassword({ server, ownServer: config.server, fromStdin: passwordStdin, json });
}
