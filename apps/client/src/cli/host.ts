import { join } from 'node:path';
import { ownedPartiesSchema } from '#shared/api/hosting';
import { LanrageError } from '#shared/errors';
import { encodeInviteLink, parseInviteLink } from '#shared/party/invite';
import type { InParty } from '../agent/local-api';
import { askAgent } from '../agent/local-client';
import { DEFAULT_SERVER } from '../config';
import { readOwnServerConfig } from '../own-server/config';
import { OwnServer, requirePrograms } from '../own-server/own-server';
import type { ServerPorts } from '../own-server/reach';
import type { NewInvite } from '../party/invites';
import { asPlayer } from './as-player';
import { answer, say, type Context } from './context';
import { runParty, type PasswordOptions } from './enter';
import { stopRequested } from './foreground';
import { renderHosting, renderUnreachable } from './host-rendering';
import { newPassword } from './password';

/** Control plane and relay lie with the program of the command line. */
const PROGRAMS = join(__dirname, '../../../..');

export interface HostTerms {
  readonly name: string;
  readonly peerName: string | undefined;
  readonly maxPlayers: number;
  /** The party goes on the next time that one of its name is hosted. */
  readonly keep: boolean;
}

/** `lanrage host NAME`: a server on this machine, and its host's agent, until Ctrl-C. @throws LanrageError */
export async function host(
  context: Context,
  terms: HostTerms,
  passwordOptions: PasswordOptions,
): Promise<void> {
  const { config, json } = context;
  requirePrograms(PROGRAMS);
  await refuseSecondAgent(config.home);
  const ownConfig = readOwnServerConfig(config.home, terms.maxPlayers);
  const password = await passwordOf(passwordOptions, json);
  const stop = stopRequested().then(() => null);
  const tell = (text: string) => console.error(text);
  if (!json) say('Asking the router for ports, and starting the server …');
  const server = await OwnServer.start(
    ownConfig,
    { folder: PROGRAMS, home: config.home },
    { onLine: tell, onFault: tell, onUnreachable: (lost) => tell(renderUnreachable(lost)) },
    stop,
  );
  if (!server) return;
  const { maxPlayers, keep } = terms;
  const here = { ...context, config: { ...config, server: server.url } };
  try {
    const kept = await keptParty(here, terms.name);
    await runParty(here, {
      stop,
      here: async ({ parties }) => {
        const { name, peerName } = terms;
        if (kept !== undefined) await parties.joinParty(kept, peerName, { password });
        else await parties.createParty(name, { peerName, password, maxPeers: maxPlayers, persistent: keep });
        return parties.invites.make().catch(nullOfRefusal);
      },
      announce: (status, invite) => announce(here, server, { status, invite, ports: ownConfig.ports, keep }),
      beforeLeaving: async ({ parties }) => {
        if (!keep && parties.currentParty) await parties.closeParty();
      },
    });
  } catch (error) {
    // By lanrage close, in another terminal.
    if (!(error instanceof LanrageError) || error.code !== 'PARTY_CLOSED') throw error;
  } finally {
    await server.stop();
  }
}

/** The agent that runs is in the service of another server. @throws LanrageError AGENT_ALREADY_RUNNING */
async function refuseSecondAgent(home: string): Promise<void> {
  try {
    await askAgent(home, 'status', {});
  } catch (error) {
    if (error instanceof LanrageError && error.code === 'AGENT_NOT_RUNNING') return;
    throw error;
  }
  throw new LanrageError('AGENT_ALREADY_RUNNING', {
    message:
      'An agent runs already, and lanrage host brings its own. Stop that one first. To make a player of your party its host: lanrage set --host PLAYER',
  });
}

async function passwordOf({ password, passwordStdin = false }: PasswordOptions, json: boolean) {
  if (!password && !passwordStdin) return undefined;
  return newPassword({ server: DEFAULT_SERVER, ownServer: DEFAULT_SERVER, fromStdin: passwordStdin, json });
}

/** A party that was kept goes on, with the links that friends have. */
async function keptParty({ config }: Context, name: string): Promise<string | undefined> {
  const path = '/v1/parties/owned';
  const { parties } = await asPlayer(config, { method: 'GET', path, answer: ownedPartiesSchema });
  return parties.find((party) => party.name === name)?.id;
}

interface Hosted {
  readonly status: InParty;
  readonly invite: NewInvite | null;
  readonly ports: ServerPorts;
  readonly keep: boolean;
}

function announce(context: Context, server: OwnServer, { status, invite, ports, keep }: Hosted): void {
  const { reach, forwardTo, homeUrl } = server;
  const link = invite?.link ?? null;
  const homeLink = link === null || homeUrl === null ? null : withServer(link, homeUrl);
  const hosted = { ...status, link, homeLink, reach, ports };
  const { party } = status;
  answer(context, hosted, renderHosting({ party, link, homeLink, reach, ports, forwardTo, keep }));
}

/** Answers null to a refusal: somebody who came back sooner to a party that was kept may be its host. */
function nullOfRefusal(error: unknown): null {
  if (error instanceof LanrageError) return null;
  throw error;
}

function withServer(link: string, server: string): string | null {
  const parsed = parseInviteLink(link);
  return parsed && encodeInviteLink({ ...parsed, server });
}
