/**
 * An invitation that a browser handed over. Any page can make one: so it says where it leads, and nothing is joined before the
 * player says so here.
 */
import type { z } from 'zod';
import type { invitationSchema } from '../agent/local-answers';
import { ask, Refusal, takeInvitation } from './api';
import { attempt, byId, element, nameOf, onSubmit, valueIn } from './dom';

type Invitation = z.output<typeof invitationSchema>;

let link = '';
let isInParty = false;

/** Shows the invitation with which the page was opened, if it was. */
export async function showInvitation(): Promise<void> {
  const given = takeInvitation();
  if (given === null) return;
  byId<HTMLFormElement>('accept').reset();
  byId('accept-secret').hidden = true;
  byId('accept-fault').textContent = '';
  byId('invitation').hidden = false;
  byId('invitation-facts').replaceChildren();
  byId('accept-button').hidden = true;
  await attempt(byId('accept-fault'), async () => {
    link = decodeURIComponent(given);
    const invitation = await ask<Invitation>('inspect', { link });
    byId('invitation-facts').replaceChildren(...factsOf(invitation));
    byId('accept-button').hidden = false;
  });
  byId('invitation-title').focus();
}

function factsOf({ server, partyId, hostId, sealed, isOwnServer, name }: Invitation): HTMLElement[] {
  const party =
    name === null ? [`A party (${partyId})`] : ['The party ', nameOf(name), ', where you were before'];
  return [
    element('p', {}, ...party, ' on the server ', element('code', {}, server), '.'),
    element('p', { class: 'facts' }, `From the player with the id ${hostId}.${sealed ? ' Sealed.' : ''}`),
    ...(isOwnServer
      ? []
      : [
          element(
            'p',
            { class: 'note' },
            'This is not your own server. Its operator sees your address and your name there. Join only if you know who sent you the link.',
          ),
        ]),
  ];
}

/** Says what becomes of the party that the player is in; null: none. */
export function showOwnParty(name: string | null): void {
  isInParty = name !== null;
  const text = name === null ? 'Join' : `Leave ${name} and join`;
  const button = byId('accept-button');
  if (button.textContent !== text) button.textContent = text;
}

export function handleInvitation(): void {
  const form = byId<HTMLFormElement>('accept');
  onSubmit(form, byId('accept-fault'), async () => {
    if (byId('accept-button').hidden) return;
    try {
      await ask('join', {
        partyId: link,
        peerName: valueIn(form, 'name') || undefined,
        password: valueIn(form, 'password') || undefined,
        leave: isInParty,
      });
    } catch (error) {
      if (error instanceof Refusal && ['PASSWORD_REQUIRED', 'WRONG_PASSWORD'].includes(error.code)) {
        byId('accept-secret').hidden = false;
        byId('accept-password').focus();
      }
      throw error;
    }
    close();
  });
  byId('decline').addEventListener('click', () => {
    close();
    byId('title').focus();
  });
}

function close(): void {
  link = '';
  byId('invitation').hidden = true;
  byId<HTMLFormElement>('accept').reset();
}
