/** The parties in which the player was before. */
import type { z } from 'zod';
import type { rememberedSchema } from '../agent/local-answers';
import { ask } from './api';
import { attempt, byId, element, fill, nameOf } from './dom';

type Remembered = z.output<typeof rememberedSchema>;
type RememberedParty = Remembered['parties'][number];

/** Lists them. @param join enters one */
export async function showRemembered(join: (party: RememberedParty) => void): Promise<void> {
  await attempt(byId('remembered-fault'), async () => {
    const { server, parties } = await ask<Remembered>('remembered');
    const field = byId<HTMLInputElement>('create-server');
    field.placeholder = server;
    byId('remembered-section').hidden = parties.length === 0;
    fill(byId('remembered'), parties, () => parties.map((party) => rowOf(party, join)));
  });
}

function rowOf(party: RememberedParty, join: (party: RememberedParty) => void): HTMLElement {
  const { partyId, name, server, peerName } = party;
  const forget = async () => {
    if (await attempt(byId('remembered-fault'), () => ask('forget', { partyId }))) await showRemembered(join);
  };
  const button = (verb: string, click: () => void) =>
    element('button', { type: 'button', 'aria-label': `${verb} ${name} at ${server}`, click }, verb);
  return element(
    'li',
    {},
    element('h3', {}, nameOf(name)),
    element('p', { class: 'facts' }, 'at ', nameOf(server), ', as ', nameOf(peerName)),
    button('Rejoin', () => join(party)),
    ' ',
    button('Forget', () => void forget()),
  );
}
