/** Chromium, talking to nobody but the server of a test. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { Namespace } from '../../lab/namespace';

export const chromiumPath = '/usr/bin/chromium';

const quietly = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Each with a new profile. */
export function openBrowser(...options: string[]): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath, args: [...quietly, ...options] });
}

/** {@link openBrowser} on a host of a lab. */
export async function openBrowserAt({ namespace }: Namespace, ...options: string[]): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'lanrage-browser-'));
  const executablePath = join(folder, 'chromium');
  await writeFile(executablePath, `#!/bin/sh\nexec ip netns exec ${namespace} ${chromiumPath} "$@"\n`);
  await chmod(executablePath, 0o755);
  try {
    return await chromium.launch({ executablePath, args: [...quietly, ...options] });
  } finally {
    await rm(folder, { recursive: true });
  }
}

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const axeRules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What keeps people from using the page as it is now: rules of axe, with the elements that break them. */
export async function barriers(page: Page): Promise<unknown> {
  await page.evaluate(axe);
  return page.evaluate(
    `axe.run({ runOnly: ${JSON.stringify(axeRules)} }).then(({ violations }) =>
      violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]))`,
  );
}

/** What a page complained about, and whom it asked, since this was called. */
export function observe(page: Page): { complaints: string[]; origins: Set<string> } {
  const seen = { complaints: [] as string[], origins: new Set<string>() };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.complaints.push(message.text());
  });
  page.on('pageerror', ({ message }) => seen.complaints.push(message));
  page.on('request', (request) => seen.origins.add(new URL(request.url()).origin));
  return seen;
}
