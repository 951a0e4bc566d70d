/** The way into a party, and out of it. */
import { ask, Refusal } from './api';
import { attempt, byId, onSubmit, valueIn } from './dom';
import { showRemembered } from './remembered';

/** A party that was chosen from those before: its id is worth something at its server alone. */
let chosen: { readonly partyId: string; readonly server: string } | undefined;

function serverOf(where: string): string | undefined {
  return where === chosen?.partyId ? chosen.server : undefined;
}

/** Shows where the player was before. */
export function showStart(): void {
  void showRemembered(({ partyId, server, peerName }) => {
    const join = byId<HTMLFormElement>('join');
    chosen = { partyId, server };
    const where = byId<HTMLInputElement>('join-where');
    where.value = partyId;
    where.dispatchEvent(new Event('input'));
    byId<HTMLInputElement>('join-name').value = peerName;
    join.requestSubmit();
  });
}

export function handleStart(): void {
  const join = byId<HTMLFormElement>('join');
  onSubmit(join, byId('join-fault'), async () => {
    try {
      await ask('join', {
        partyId: valueIn(join, 'where'),
        peerName: valueIn(join, 'name') || undefined,
        password: valueIn(join, 'password') || undefined,
        server: serverOf(valueIn(join, 'where')),
      });
    } catch (error) {
      if (error instanceof Refusal && ['PASSWORD_REQUIRED', 'WRONG_PASSWORD'].includes(error.code)) {
        byId('join-secret').hidden = false;
        byId('join-password').focus();
      }
      throw error;
    }
    join.reset();
    byId('join-secret').hidden = true;
  });
  // A password is for the party that it was typed for.
  byId('join-where').addEventListener('input', () => {
    byId<HTMLInputElement>('join-password').value = '';
    byId('join-secret').hidden = true;
  });
  const create = byId<HTMLFormElement>('create');
  onSubmit(create, byId('create-fault'), async () => {
    const maxPeers = valueIn(create, 'maxPeers');
    await ask('create', {
      name: valueIn(create, 'name'),
      peerName: valueIn(create, 'peerName') || undefined,
      maxPeers: maxPeers ? Number(maxPeers) : undefined,
      password: valueIn(create, 'password') || undefined,
      public: valueIn(create, 'public') === 'on',
      sealed: valueIn(create, 'sealed') === 'on',
      server: valueIn(create, 'server') || undefined,
    });
    create.reset();
  });
  byId('leave').addEventListener('click', () => {
    if (confirm('Leave the party?')) void attempt(byId('leave-fault'), () => ask('leave'));
  });
}
