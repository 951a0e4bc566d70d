/** Chromium, talking to nobody but the server of a test. */
import { chromium, type Browser, type Page } from 'playwright-core';

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
