import { LanrageError } from '#shared/errors';
import { askIfRunning } from '../agent/local-client';
import { findRemembered, RememberedParties, type RememberedParty } from '../party/remembered-parties';
import { answer, type Context } from './context';
import { join, type JoinUse } from './enter';
import { renderRemembered } from './party-rendering';

export interface RejoinUse extends JoinUse {
  readonly as?: string;
  readonly leave?: boolean;
  /** Only say which parties there are. */
  readonly list?: boolean;
}

/** `lanrage rejoin [PARTY]`, and `lanrage join` alone: one of the parties that the agent was in, at its server. @throws LanrageError NO_SUCH_PARTY … */
export async function rejoin(context: Context, wanted: string | undefined, use: RejoinUse): Promise<void> {
  const parties = await rememberedParties(context);
  if (use.list) return answer(context, { parties }, renderRemembered(parties));
  const { partyId, server, peerName } = found(parties, wanted);
  await join(context, { partyId, peerName: use.as ?? peerName, leave: use.leave }, { ...use, server });
}

/** `lanrage forget [PARTY]`; without one, all. @throws LanrageError NO_SUCH_PARTY … */
export async function forget(context: Context, wanted: string | undefined): Promise<void> {
  const { home } = context.config;
  const parties = await rememberedParties(context);
  const partyId = wanted === undefined ? undefined : found(parties, wanted).partyId;
  const isDone = await askIfRunning(home, 'forget', { partyId });
  if (isDone === undefined) new RememberedParties(home).forget(partyId);
  answer(
    context,
    { status: 'forgotten' },
    partyId === undefined ? 'All parties are forgotten.' : 'Forgotten.',
  );
}

/** Those of the agent that runs, which may be root's, or else of this state folder. */
async function rememberedParties({ config }: Context): Promise<readonly RememberedParty[]> {
  const asked = await askIfRunning(config.home, 'remembered', {});
  return asked?.parties ?? new RememberedParties(config.home).list();
}

function found(parties: readonly RememberedParty[], wanted: string | undefined): RememberedParty {
  const party = findRemembered(parties, wanted);
  if (party) return party;
  throw new LanrageError('NO_SUCH_PARTY', {
    message:
      parties.length === 0
        ? 'No party is remembered here. Join one by an invite link: lanrage join LINK'
        : 'No remembered party has that name or id. See: lanrage rejoin --list',
  });
}
