/** What agents tell of an outage, all in the same form, whichever process they are in. */
import type { PartyManager } from '../../../apps/client/src/party-manager';

export interface Notice {
  /** `back`: the server has sent the party as it is. The other two: what no outage may bring about. */
  readonly notice: 'back' | 'refused' | 'gone';
  /** Unix time. */
  readonly atMs: number;
  readonly who: string;
  /** Why, in short. */
  readonly detail: string;
}

/** How an agent sees its party. */
export interface PartyView {
  readonly online: number;
  /** The stay of each member, with its time: another one than before is another stay. */
  readonly stays: readonly string[];
  /** How the other members are reached. */
  readonly paths: readonly string[];
}

/** Reports from now on, for as long as the agent is in its party. */
export function watchAgent(parties: PartyManager, report: (notice: Notice) => void): void {
  const who = parties.config.nickname;
  const tell = (notice: Notice['notice'], detail = '') => report({ notice, atMs: Date.now(), who, detail });
  parties.control.on('event', ({ name, data }) => {
    if (name !== 'party.snapshot') return;
    if (data.party === null) tell('gone', 'the server has it in no party');
    else tell('back');
  });
  parties.on('fault', (error) => {
    const code = 'code' in error ? String(error.code) : error.name;
    // What an agent hears of a server that is away.
    if (code !== 'CONTROL_UNAVAILABLE') tell('refused', `${code}: ${error.message}`);
  });
  parties.on('peerLeft', ({ name }) => tell('gone', `${name} left`));
  parties.on('ended', (reason) => tell('gone', reason?.code ?? 'it left'));
}

export function viewOf({ currentParty }: PartyManager): PartyView {
  const peers = currentParty?.getPeerList() ?? [];
  return {
    online: peers.filter(({ online }) => online).length,
    stays: peers.map(({ id, joinedAt }) => `${id} ${joinedAt}`),
    paths: peers.filter(({ isSelf }) => !isSelf).map(({ connectionType }) => connectionType),
  };
}
