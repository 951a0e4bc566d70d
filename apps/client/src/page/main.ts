/** The player's page: hears of what happens, measures now and then, and shows it. */
import { ask, listen, Refusal, takeToken, WRONG_TOKEN } from './api';
import { forgetFindings, handleDoctor } from './doctor';
import { byId, setText } from './dom';
import { forgetHosting, handleHosting, renewBans, showHosting } from './hosting';
import {
  nothingKnown,
  spoken,
  withEvent,
  withStatus,
  type AgentEvent,
  type Model,
  type Status,
} from './model';
import { showParty, showState } from './party';
import { forgetPlayers, showPlayers } from './players';
import { handleInvitation, showInvitation, showOwnParty } from './invitation';
import { showSettings } from './settings';
import { handleStart, showStart } from './start';

/** Between two measurements, as long as somebody looks. */
const INTERVAL_MS = 2000;
const MOST_HEARD = 20;
const NO_TOKEN = 'This page does not know its agent. Open it from a terminal: lanrage ui';

let model: Model = nothingKnown;
let timer: ReturnType<typeof setTimeout> | undefined;
/** Id of the party that is shown; null: none, undefined: nothing yet. */
let shownParty: string | null | undefined;

handleStart();
handleHosting();
handleDoctor();
handleInvitation();
addEventListener('hashchange', start);
document.addEventListener('visibilitychange', () => void measure());
start();

function start(): void {
  if (!location.hash.startsWith('#token=') && shownParty !== undefined) return;
  if (takeToken()) void listen({ hear, connected, lost });
  else refuse(NO_TOKEN);
}

function connected(): void {
  setText(byId('away'), '');
  document.body.classList.remove('stale');
  byId('doctor').hidden = false;
  void showSettings();
  void measure();
  void showInvitation();
}

function lost({ code, message }: Refusal): void {
  clearTimeout(timer);
  document.body.classList.add('stale');
  refuse(code === WRONG_TOKEN ? NO_TOKEN : message);
}

function refuse(text: string): void {
  setText(byId('away'), text);
  if (model.status === null) setText(byId('title'), 'Your agent does not answer');
}

function hear(event: AgentEvent): void {
  const word = spoken(model, event);
  if (word !== null) tell(word);
  model = withEvent(model, event);
  show();
  if (event.event === 'stateChanged') void showState();
  if (event.event === 'peerLeft') renewBans();
  if (event.event === 'controlLost' || event.event === 'controlConnected') forgetFindings();
}

/** Tells what happened to those who do not see the list. */
function tell(word: string): void {
  const heard = byId('heard');
  heard.append(`${word} `);
  if (heard.childNodes.length > MOST_HEARD) heard.firstChild?.remove();
}

/** The agent's answer says all anew; what it measured is drawn. */
async function measure(): Promise<void> {
  clearTimeout(timer);
  if (document.hidden || document.body.classList.contains('stale')) return;
  try {
    model = withStatus(model, await ask<Status>('status'));
    show();
  } catch (error) {
    // When the agent is away, the listener says so.
    if (!(error instanceof Refusal)) throw error;
  }
  clearTimeout(timer);
  timer = setTimeout(() => void measure(), INTERVAL_MS);
}

function show(): void {
  const { status } = model;
  if (!status) return;
  const party = status.status === 'in_party' ? status.party : null;
  setText(byId('title'), party ? party.name : 'You are not in a party');
  document.title = party ? `${party.name} – LANrage` : 'LANrage';
  byId('no-party').hidden = party !== null;
  showOwnParty(party?.name ?? null);
  byId('in-party').hidden = party === null;
  if ((party?.id ?? null) !== shownParty) enter(party?.id ?? null);
  if (status.status === 'no_party') return setText(byId('ended'), status.endedBecause?.message ?? '');
  showParty(status);
  showPlayers(status, model);
  showHosting(status);
}

/** Shows another party than before, or none: a player who does not see the page is taken to its new title. */
function enter(partyId: string | null): void {
  const isFirst = shownParty === undefined;
  shownParty = partyId;
  forgetPlayers();
  forgetHosting();
  forgetFindings();
  if (!isFirst) byId('title').focus();
  if (partyId === null) showStart();
  else void showState();
}
