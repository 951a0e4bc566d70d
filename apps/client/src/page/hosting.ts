/** What a host may do besides what stands beside each player. */
import type { BanList } from '#shared/api/hosting';
import type { InviteList } from '#shared/api/invites';
import type { z } from 'zod';
import type { newInviteSchema } from '../agent/local-answers';
import { ask } from './api';
import { attempt, byId, copyable, element, fill, nameOf, onSubmit, valueIn } from './dom';
import { selfIn, type InParty } from './model';
import { qrCode } from './pictures';

/** What the fields showed last: what the player types meanwhile stays. */
let settingsShown = '';
let wasHost = false;

export function showHosting({ party }: InParty): void {
  const self = selfIn(party);
  const isHost = self?.isHost === true;
  byId('hosting').hidden = !isHost;
  byId('invite').hidden = !isHost;
  byId('owning').hidden = self?.id !== party.ownerId;
  showSettings(party, self?.name ?? '');
  if (!isHost) return void (wasHost = false);
  if (!wasHost) void renewLists();
  wasHost = true;
}

function showSettings({ name, maxPeers, settings }: InParty['party'], ownName: string): void {
  const facts = JSON.stringify([name, maxPeers, settings, ownName]);
  if (facts === settingsShown) return;
  settingsShown = facts;
  field('change-name').value = name;
  field('change-size').value = String(maxPeers);
  field('change-discord').value = settings.discordUrl ?? '';
  field('change-locked').checked = settings.locked;
  field('change-public').checked = settings.public;
  field('change-password').value = '';
  field('no-password').checked = false;
  byId('no-password-choice').hidden = !settings.hasPassword;
  field('persistent').checked = settings.persistent;
  field('rename-name').value = ownName;
}

function field(id: string): HTMLInputElement {
  return byId<HTMLInputElement>(id);
}

/** Forgets what was shown, as the next party is another one. */
export function forgetHosting(): void {
  wasHost = false;
  settingsShown = '';
  byId('new-invite').replaceChildren();
}

export function handleHosting(): void {
  const form = byId<HTMLFormElement>('change');
  onSubmit(form, byId('change-fault'), async () => {
    await ask('change', {
      name: valueIn(form, 'name'),
      maxPeers: Number(valueIn(form, 'maxPeers')),
      discordUrl: valueIn(form, 'discordUrl') || null,
      locked: field('change-locked').checked,
      public: field('change-public').checked,
      password: field('no-password').checked ? null : valueIn(form, 'password') || undefined,
    });
    settingsShown = '';
  });
  const rename = byId<HTMLFormElement>('rename');
  onSubmit(rename, byId('rename-fault'), () => ask('rename', { name: valueIn(rename, 'name') }));
  const owning = byId('owning-fault');
  field('persistent').addEventListener('change', () => {
    const persistent = field('persistent').checked;
    void attempt(owning, () => ask('change', { persistent })).then((isDone) => {
      if (!isDone) field('persistent').checked = !persistent;
    });
  });
  byId('close').addEventListener('click', () => {
    if (confirm('Close the party for everybody?')) void attempt(owning, () => ask('close'));
  });
  byId('make-invite').addEventListener('click', () => void attempt(byId('invite-fault'), makeInvite));
}

async function makeInvite(): Promise<void> {
  const { link, expiresAt } = await ask<z.output<typeof newInviteSchema>>('invite');
  const note = `Valid until ${new Date(expiresAt).toLocaleString()}. Anyone who has it can join; it is shown only here.`;
  byId('new-invite').replaceChildren(
    copyable(link, 'the invite link'),
    qrCode(link),
    element('p', { class: 'note' }, note),
  );
  await renewLists();
}

/** Invites and bans are known to the server alone. */
async function renewLists(): Promise<void> {
  await attempt(byId('invite-fault'), async () => {
    const [{ invites }, { bans }] = await Promise.all([ask<InviteList>('invites'), ask<BanList>('bans')]);
    fill(byId('invites'), invites, () => listOf('Valid invite links', invites.map(inviteItem)));
    fill(byId('bans'), bans, () => listOf('Banned players', bans.map(banItem)));
  });
}

/** Shows the lists again, as somebody may just have been banned. */
export function renewBans(): void {
  if (wasHost) void renewLists();
}

function inviteItem({ id, uses, maxUses, expiresAt }: InviteList['invites'][number]): HTMLElement {
  const used = maxUses === null ? `used ${uses} times` : `used ${uses} of ${maxUses} times`;
  const text = `${id}: ${used}, valid until ${new Date(expiresAt).toLocaleString()}`;
  return item(text, 'Revoke', `Revoke the invite link ${id}`, 'uninvite', { id });
}

function banItem({ peerId, name }: BanList['bans'][number]): HTMLElement {
  return item(nameOf(name ?? peerId), 'Unban', `Unban: ${name ?? peerId}`, 'unban', { peer: peerId });
}

function item(
  text: Node | string,
  button: string,
  label: string,
  operation: string,
  request: object,
): HTMLElement {
  const act = () =>
    void attempt(byId('invite-fault'), async () => {
      await ask(operation, request);
      await renewLists();
    });
  return element(
    'li',
    {},
    text,
    ' ',
    element('button', { type: 'button', 'aria-label': label, click: act }, button),
  );
}

function listOf(title: string, items: HTMLElement[]): HTMLElement[] {
  return items.length === 0 ? [] : [element('h3', {}, title), element('ul', { class: 'plain' }, ...items)];
}
