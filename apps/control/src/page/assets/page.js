/** The page's live parts: counts, the list of public parties, copy buttons, and the panel of an invitation. */

const DEFAULT_SERVER = 'http://127.0.0.1:8080';
const REFRESH_MS = 10_000;
const TYPING_PAUSE_MS = 400;
const NOTICE_MS = 4000;
/** What is wrong with a relay, in words. */
const relayFault = {
  unproven: (address) => `The relay at ${address} is not used: it has not proven that it is there.`,
  unreached: (address) =>
    `Nobody who tried can reach the relay at ${address}: its address is wrong, or a firewall is in the way.`,
  private_address: (address) => `The relay at ${address} can be reached only within its own network.`,
};
/** What is behind the # of an invite link: version 1 and its flags, then the rest, 80 characters in all. */
const invitation = /^join=AQ[A-H][\w-]{77}$/;
/** What may stand between the quotes of a shell command. */
const harmless = /^[\w.~=&%:+,/[\]-]{1,2048}$/;

/** Where the page is, which is what agents call the server: a path prefix is part of it. */
const base = new URL('.', location.origin + location.pathname).href;
const server = base.replace(/\/$/, '');
const serverOption = server === DEFAULT_SERVER ? '' : ` --server ${server}`;

let countTimer;
let typingTimer;
let noticeTimer;
/** What the parties shown were searched for, and where the list goes on; null: nowhere. */
let shownSearch = '';
let nextCursor = null;
/** Counts searches, so that an answer that was overtaken is not shown. */
let latest = 0;

const byId = (id) => document.getElementById(id);

document.documentElement.classList.add('scripted');
byId('host').textContent = `at ${location.host}`;
for (const place of document.querySelectorAll('.server')) place.textContent = serverOption;
for (const id of ['now', 'parties']) byId(id).hidden = false;
addEventListener('hashchange', showInvitation);
addEventListener('click', copyClicked);
document.addEventListener('visibilitychange', keepCounting);
byId('search').addEventListener('submit', searchNow);
byId('search').addEventListener('input', searchSoon);
byId('more').addEventListener('click', () => list(true));
showInvitation();
keepCounting();
list(false);

/** The fragment of an invitation stays in the browser; others name places of this page, or nothing. */
function showInvitation() {
  const fragment = location.hash.slice(1);
  if (fragment !== '' && byId(fragment)) return;
  const link = `${base}#${fragment}`;
  const isMeant = fragment.startsWith('join=');
  const good = invitation.test(fragment) && harmless.test(server);
  byId('invite').hidden = !isMeant;
  byId('invite-title').textContent = good ? 'You are invited' : 'An invitation, but not all of it';
  byId('invite-good').hidden = !good;
  byId('invite-bad').hidden = good;
  byId('invite-command').textContent = good ? `sudo ./lanrage join '${link}'` : '';
  byId('invite-open').href = good ? `lanrage://join/${encodeURIComponent(link)}` : '#join';
  byId('invite-system').textContent = systemNote(navigator.userAgent);
  if (isMeant) byId('invite-title').focus();
}

/** What a visitor without LANrage should know of the system that the browser runs on. */
function systemNote(userAgent) {
  if (/Android|iPhone|iPad/.test(userAgent))
    return 'You are on a phone or tablet: open this link on the computer that you play on.';
  if (/Linux/.test(userAgent))
    return 'Nothing happens? Then LANrage is not on this machine yet, or “lanrage register” was not run: the steps below are for Linux.';
  return 'LANrage runs on Linux so far. On this system it cannot be installed yet.';
}

async function ask(path) {
  const response = await fetch(base + path, { referrerPolicy: 'no-referrer' }).catch(() => null);
  const body = await response?.json().catch(() => null);
  if (response?.ok && body) return body;
  throw new Error(body?.error?.message ?? 'The server does not answer.');
}

/** Counts at once and again every while, as long as somebody can see it. */
function keepCounting() {
  clearTimeout(countTimer);
  if (document.hidden) return;
  countTimer = setTimeout(keepCounting, REFRESH_MS);
  ask('v1/stats').then(showCounts, (fault) => {
    byId('now').classList.remove('live');
    byId('now-fault').textContent = `${fault.message} The numbers are old.`;
  });
}

function showCounts({ parties, players, relays, relayFaults }) {
  byId('now').classList.add('live');
  byId('now-fault').textContent = '';
  byId('count-parties').textContent = parties;
  byId('count-players').textContent = players;
  byId('count-relays').textContent = relays.reduce((sum, { count }) => sum + count, 0);
  byId('regions').textContent = relays
    .map(({ region, count }) => (count === 1 ? region : `${region} × ${count}`))
    .join(', ');
  const faults = relayFaults.map(({ publicAddress, fault }) => relayFault[fault]?.(publicAddress) ?? '');
  // Said again, it would be read out again.
  if (byId('relay-faults').textContent !== faults.join(' '))
    byId('relay-faults').textContent = faults.join(' ');
}

function searchSoon() {
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => list(false), TYPING_PAUSE_MS);
}

function searchNow(event) {
  event.preventDefault();
  clearTimeout(typingTimer);
  list(false);
}

/** Shows the first page of what is searched for, or adds the next one. */
async function list(further) {
  const turn = ++latest;
  const search = further ? shownSearch : byId('search-text').value;
  const query = new URLSearchParams({ search, ...(further && { cursor: nextCursor }) });
  try {
    const page = await ask(`v1/parties?${query}`);
    if (turn === latest) showParties(page, further, search);
  } catch (fault) {
    if (turn === latest) byId('parties-status').textContent = fault.message;
  }
}

function showParties(page, further, search) {
  const items = page.parties.map(partyItem);
  if (further) byId('party-list').append(...items);
  else byId('party-list').replaceChildren(...items);
  // The button that was pressed may vanish: go on reading at what is new.
  if (further) items[0]?.querySelector('.copy').focus();
  shownSearch = search;
  nextCursor = page.nextCursor;
  byId('more').hidden = nextCursor === null;
  const shown = byId('party-list').children.length;
  byId('parties-status').textContent = summary(shown, search.trim());
}

function summary(shown, search) {
  if (shown > 0)
    return nextCursor === null ? `${shown} shown, that is all.` : `${shown} shown, newest first.`;
  return search === '' ? 'No party is public right now.' : 'No public party matches that name.';
}

function partyItem({ id, name, playerCount, maxPeers, hasPassword }) {
  const item = byId('party').content.cloneNode(true).firstElementChild;
  item.querySelector('.name').textContent = name;
  item.querySelector('.facts').textContent =
    `${playerCount} of ${maxPeers} players${hasPassword ? ' · needs a password' : ''}`;
  item.querySelector('code').textContent = `sudo ./lanrage join ${id}${serverOption}`;
  item.querySelector('.copy').setAttribute('aria-label', `Copy the command that joins ${name}`);
  return item;
}

async function copyClicked({ target }) {
  const code = target.closest('.copy')?.parentElement.querySelector('code');
  if (!code) return;
  notice((await copy(code)) ? 'Copied.' : 'Selected. Copy it with Ctrl+C.');
}

/** Browsers keep the clipboard from pages that come over plain http, as on a LAN, but not the selection's command. */
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return document.execCommand('copy');
  }
}

function notice(text) {
  clearTimeout(noticeTimer);
  byId('copied').textContent = text;
  noticeTimer = setTimeout(() => (byId('copied').textContent = ''), NOTICE_MS);
}
