/**
 * How soon the player's page is painted, and how soon it shows what happens, in chromium on a player's machine. The latter counts
 * from the moment on in which the host changes the party's name: both agents and the server are part of it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { askAgent } from '../../../apps/client/src/agent/local-client';
import { openBrowserAt } from '../../e2e/support/browser';
import { LabPlayer } from '../../e2e/support/lab-player';
import { LabServer } from '../../e2e/support/lab-server';
import { until } from '../../e2e/support/processes';
import { Lab } from '../../lab/lab';
import { percentile, progress, round } from '../support/report';
import type { Section } from '../support/sections';

interface Size {
  readonly loads: number;
  readonly changes: number;
}

const full: Size = { loads: 20, changes: 50 };
const small: Size = { loads: 5, changes: 10 };
/** The pause between two changes, so that each is painted alone. */
const INTERVAL_MS = 200;
const MOST_PAINT_MS = 500;
const MOST_UPDATE_MS = 300;

/** In milliseconds. */
interface Samples {
  /** From the navigation on. */
  readonly painted: number[];
  /** From the navigation on, until the party is shown. */
  readonly filled: number[];
  /** From the host's change on, until the page has painted it. */
  readonly updated: number[];
}

/** Notes when each name of the party was painted: in the frame after it stands in the page. */
const observer = `
window.paintedAtMs = {};
new MutationObserver(() => {
  const name = document.getElementById('title').textContent;
  requestAnimationFrame(() => (window.paintedAtMs[name] ??= Date.now()));
}).observe(document.getElementById('title'), { childList: true, characterData: true, subtree: true });`;

export async function page({ quick }: { quick: boolean }): Promise<Section> {
  const size = quick ? small : full;
  const lab = await Lab.create();
  try {
    const server = await LabServer.start(await lab.publicHost('server'), { LANRAGE_LOG_LEVEL: 'warn' });
    const alice = await LabPlayer.at(await lab.publicHost('alice'), server.url);
    const bob = await LabPlayer.at(await lab.publicHost('bob'), server.url);
    for (const player of [alice, bob]) {
      player.extraSettings['LANRAGE_LOG_LEVEL'] = 'error';
      await player.startAgent();
    }
    const created = await askAgent(bob.home, 'create', { name: 'Round 0' });
    if (created.status !== 'in_party') throw new Error('there is no party');
    await askAgent(alice.home, 'join', { partyId: created.party.id });
    const browser = await openBrowserAt(alice.host);
    const { address } = await askAgent(alice.home, 'page', {});
    const loaded = await load(browser, address, size);
    const samples = { ...loaded, updated: await change(browser, address, size, bob) };
    await browser.close();
    await Promise.all([alice, bob].map((player) => player.stop()));
    await Promise.all([alice, bob].map((player) => player.removeHome()));
    await server.stop();
    return sectionOf(samples);
  } finally {
    await lab.close();
  }
}

/** Opens the page again, each time with nothing of it in the browser. */
async function load(
  browser: Browser,
  address: string,
  { loads }: Size,
): Promise<Pick<Samples, 'painted' | 'filled'>> {
  progress(`${loads} times the page`);
  const samples = { painted: [] as number[], filled: [] as number[] };
  for (let count = 0; count < loads; count++) {
    const context = await browser.newContext();
    const opened = await context.newPage();
    await opened.goto(address);
    await opened.getByRole('heading', { name: 'Round 0' }).waitFor();
    samples.filled.push(await opened.evaluate<number>('performance.now()'));
    const paint = `performance.getEntriesByName('first-contentful-paint')[0]?.startTime`;
    const isPainted = async () => (await opened.evaluate<number | undefined>(paint)) ?? false;
    samples.painted.push(await until('the page is painted', isPainted));
    await context.close();
  }
  return samples;
}

async function change(
  browser: Browser,
  address: string,
  { changes }: Size,
  bob: LabPlayer,
): Promise<number[]> {
  progress(`${changes} changes`);
  const opened = await browser.newPage();
  await opened.goto(address);
  await opened.getByRole('heading', { name: 'Round 0' }).waitFor();
  await opened.evaluate(observer);
  const updated: number[] = [];
  for (let count = 1; count <= changes; count++) {
    const name = `Round ${count}`;
    const changedAtMs = Date.now();
    await askAgent(bob.home, 'change', { name });
    const painted = () => opened.evaluate<number | undefined>(`window.paintedAtMs[${JSON.stringify(name)}]`);
    updated.push((await until('the page shows it', painted)) - changedAtMs);
    await delay(INTERVAL_MS);
  }
  return updated;
}

function sectionOf({ painted, filled, updated }: Samples): Section {
  const row = (what: string, values: readonly number[]) => [
    what,
    values.length,
    round(percentile(values, 0.5)),
    round(percentile(values, 0.99)),
  ];
  return {
    tables: [
      {
        title: "The player's page in chromium, on the player's machine",
        columns: ['', 'times', 'p50 ms', 'p99 ms'],
        rows: [
          row('first contentful paint', painted),
          row('the party is shown', filled),
          row('what the host changes is painted', updated),
        ],
      },
    ],
    bars: [
      {
        name: 'page, first paint: p99',
        measured: percentile(painted, 0.99),
        unit: 'ms',
        most: MOST_PAINT_MS,
      },
      {
        name: 'page, live update: p99',
        measured: percentile(updated, 0.99),
        unit: 'ms',
        most: MOST_UPDATE_MS,
      },
    ],
  };
}
