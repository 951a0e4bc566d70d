/** The control plane's page at /, in a real browser. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { serverStatsSchema } from '#shared/api/stats';
import type { PartyId } from '#shared/party/identity';
import {
  encodeInviteLink,
  FINGERPRINT_BYTES,
  INVITE_SECRET_BYTES,
  PARTY_KEY_BYTES,
} from '#shared/party/invite';
import { parseOpenLink } from '../../apps/client/src/party/open-link';
import { barriers, chromiumPath, observe, openBrowser } from './support/browser';
import { refusal, send, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { itWith } from './support/programs';
import { RecordingProxy } from './support/recording-proxy';

const browserIt = itWith(chromiumPath, '--version', 'chromium');
const files = ['/', '/page.css', '/page.js', '/icon.svg'];
const LARGEST_PAGE_BYTES = 30_000;
/** As a host makes it. */
const link = encodeInviteLink({
  server: 'http://192.0.2.1',
  partyId: '0123456789ab' as PartyId,
  secret: Buffer.alloc(INVITE_SECRET_BYTES, 'secret'),
  partyKey: Buffer.alloc(PARTY_KEY_BYTES, 'key'),
  hostFingerprint: Buffer.alloc(FINGERPRINT_BYTES, 'host'),
  sealed: false,
});
const fragment = link.slice(link.indexOf('#') + 1);
/** The secret and the party key. */
const invitation = { fragment, secret: fragment.slice(20, 50) };

describe('the page of the control plane', () => {
  let control: TestControl;
  const relays: TestRelay[] = [];

  const publish = async (name: string, more: Parameters<TestAgent['create']>[0] = {}) => {
    const host = await TestAgent.signIn(control.url, 'Alice');
    const party = await host.create({ name, public: true, ...more });
    // As if somebody had been there, who left.
    await control.query('UPDATE parties SET visited = true WHERE id = $1', [party.id]);
    return party;
  };

  beforeAll(async () => {
    control = await TestControl.start();
    for (const [relayId, region] of [
      ['fra-1', 'fra'],
      ['fra-2', 'fra'],
      ['nyc-1', 'nyc'],
    ] as const) {
      const relay = new TestRelay(control.url, { relayId, region });
      relays.push(relay);
      await relay.connect();
    }
    await publish('Gaming Night', { password: 'secret' });
    await publish('<img src=x onerror=alert(1)>');
    await publish('ליל משחקים <b>');
    await publish('Hidden', { public: false });
  }, 60_000);
  afterAll(async () => {
    for (const relay of relays) relay.close();
    await control.close();
  });

  describe('as it is served', () => {
    it('weighs little, says what it is, and forbids all that it does not need', async () => {
      let bytes = 0;
      for (const path of files) {
        const response = await fetch(control.url + path);
        expect(response.status).toBe(200);
        bytes += (await response.arrayBuffer()).byteLength;
        const policy = response.headers.get('Content-Security-Policy') ?? '';
        expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
        expect(policy).toContain("base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        expect(policy).not.toContain('unsafe');
        expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
        expect(response.headers.get('Referrer-Policy')).toBe('no-referrer');
      }
      expect(bytes).toBeLessThan(LARGEST_PAGE_BYTES);
    });

    it.each(files)('is not sent again while it is the same: %s', async (path) => {
      const first = await fetch(control.url + path);
      expect(first.headers.get('Cache-Control')).toBe('no-cache');
      const etag = first.headers.get('ETag') ?? '';
      // Without the header of its own, fetch would ask for an answer in full.
      const second = await fetch(control.url + path, {
        headers: { 'If-None-Match': etag, 'Cache-Control': 'max-age=0' },
      });
      expect([second.status, await second.text()]).toEqual([304, '']);
    });
  });

  describe('counts', () => {
    it('are numbers and regions, and nothing about anybody', async () => {
      const { status, body, headers } = await send(control.url, 'GET', '/v1/stats');
      expect(status).toBe(200);
      expect(body).toEqual(serverStatsSchema.strict().parse(body));
      expect(body).toEqual({
        parties: 4,
        players: 4,
        relays: [
          { region: 'fra', count: 2 },
          { region: 'nyc', count: 1 },
        ],
        relayFaults: [],
      });
      expect(headers.get('Cache-Control')).toBe('public, max-age=5');
    });

    it('are limited like every request', async () => {
      const limited = await TestControl.start({ LANRAGE_LIMIT_REQUESTS: '2' });
      try {
        for (let count = 0; count < 2; count++) await send(limited.url, 'GET', '/v1/stats');
        expect(refusal(await send(limited.url, 'GET', '/v1/stats'))).toMatchObject({ status: 429 });
      } finally {
        await limited.close();
      }
    }, 30_000);
  });

  describe('in a browser', () => {
    let browser: Browser;
    const opened: Page[] = [];

    const open = async (path = '/', options: BrowserContextOptions = {}, at = control.url) => {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      opened.push(page);
      page.setDefaultTimeout(10_000);
      const seen = observe(page);
      await page.goto(at + path);
      return { page, seen };
    };
    const openLoaded = async (...at: Parameters<typeof open>) => {
      const { page, seen } = await open(...at);
      await page.waitForSelector('#now.live');
      await page.waitForSelector('#party-list li');
      return { page, seen };
    };
    const names = (page: Page) => page.locator('#party-list .name').allTextContents();

    beforeAll(async () => {
      browser = await openBrowser('--host-resolver-rules=MAP lan.test 127.0.0.1');
    }, 60_000);
    afterEach(async () => {
      for (const page of opened.splice(0)) await page.context().close();
    });
    afterAll(() => browser.close());

    browserIt('shows counts, parties and commands, and asks nobody else', async () => {
      const { page, seen } = await openLoaded();
      expect(await page.locator('dl').innerText()).toMatch(
        /Parties\s+4\s+Players\s+4\s+Relays\s+3\s+fra × 2, nyc/,
      );
      expect(await names(page)).toEqual(['ליל משחקים <b>', '<img src=x onerror=alert(1)>', 'Gaming Night']);
      expect(await page.locator('#party-list img, #party-list b').count()).toBe(0);
      expect(await page.locator('#party-list .facts').last().textContent()).toBe(
        '1 of 32 players · needs a password',
      );
      const commands = await page.locator('.command code').allTextContents();
      expect(commands).toContain(`sudo ./lanrage create "Gaming Night" --server ${control.url}`);
      expect(commands).toContain(`sudo ./lanrage join PARTY_ID --server ${control.url}`);
      expect(await page.locator('#join').innerText()).toContain('UNSUPPORTED_PLATFORM');
      expect([...seen.origins]).toEqual([control.url]);
      expect(seen.complaints).toEqual([]);
    });

    browserIt('shows a name that the server would refuse as text that reorders nothing else', async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      opened.push(page);
      const name = '\u202Eexe.<script>alert(1)</script>';
      const party = { id: '0123456789ab', name, playerCount: 1, maxPeers: 2, hasPassword: false };
      await page.route('**/v1/parties?*', (route) =>
        route.fulfill({ json: { parties: [party], nextCursor: null } }),
      );
      const seen = observe(page);
      await page.goto(control.url);
      const shown = page.locator('#party-list .name');
      expect(await shown.textContent()).toBe(name);
      expect(
        await page.evaluate("getComputedStyle(document.querySelector('#party-list .name')).unicodeBidi"),
      ).toBe('isolate');
      expect(seen.complaints).toEqual([]);
    });

    browserIt('searches while one types, and says when there is nothing', async () => {
      const { page } = await openLoaded();
      await page.getByLabel('Name contains').fill('gaming');
      await page.getByText('1 shown, that is all.').waitFor();
      expect(await names(page)).toEqual(['Gaming Night']);
      await page.getByLabel('Name contains').fill('doom');
      await page.getByText('No public party matches that name.').waitFor();
      expect(await names(page)).toEqual([]);
      await page.getByLabel('Name contains').fill('');
      await page.keyboard.press('Enter');
      await page.getByText('3 shown, that is all.').waitFor();
    });

    browserIt('shows further pages when asked', async () => {
      for (let count = 0; count < 51; count++) await publish(`Paged ${count}`);
      await publish('Interlude');
      const { page } = await openLoaded();
      await page.getByLabel('Name contains').fill('paged');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Interlude' }).waitFor({ state: 'detached' });
      expect(await names(page)).toHaveLength(50);
      await page.getByRole('button', { name: 'Show more' }).press('Enter');
      await page.getByText('51 shown, that is all.').waitFor();
      expect((await names(page)).at(-1)).toBe('Paged 0');
      expect(await page.locator('#more').isHidden()).toBe(true);
      expect(await page.evaluate('document.activeElement.ariaLabel')).toContain('Paged 0');
    });

    browserIt.each(['127.0.0.1', 'lan.test'])('copies commands, opened at %s', async (host) => {
      const at = control.url.replace('127.0.0.1', host);
      const { page } = await openLoaded(
        '/',
        host === 'lan.test' ? {} : { permissions: ['clipboard-write'] },
        at,
      );
      await page.getByRole('button', { name: 'Copy the command that opens a party' }).press('Enter');
      await page.getByText('Copied.').waitFor();
      const search = page.getByLabel('Name contains');
      await search.focus();
      await page.keyboard.press('Control+V');
      expect(await search.inputValue()).toBe(`sudo ./lanrage create "Gaming Night" --server ${at}`);
    });

    browserIt('counts anew every 10 s, as long as somebody looks', async () => {
      const page = await (await browser.newContext()).newPage();
      opened.push(page);
      await page.clock.install();
      let asked = 0;
      await page.route('**/v1/stats', async (route) => {
        asked++;
        await route.continue();
      });
      const look = async (hidden: boolean) => {
        await page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'))`);
      };
      const askedSoFar = async (count: number) => {
        while (asked < count) await new Promise((resolve) => setTimeout(resolve, 10));
        expect(asked).toBe(count);
      };
      await page.goto(control.url);
      await askedSoFar(1);
      await page.clock.runFor(20_000);
      await askedSoFar(3);
      await look(true);
      await page.clock.runFor(60_000);
      await look(false);
      await askedSoFar(4);
      await page.clock.runFor(10_000);
      await askedSoFar(5);
    });

    browserIt(
      'says that its numbers are old when the server is gone, and which relays players do not reach',
      async () => {
        const { page } = await openLoaded();
        await page.route('**/v1/stats', (route) => route.abort());
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
        await page.getByText('The server does not answer. The numbers are old.').waitFor();
        await page.unroute('**/v1/stats');
        const fault = { id: 'r', publicAddress: '10.0.0.5', fault: 'unreached', askedBy: 2, reachedBy: 0 };
        const json = { parties: 0, players: 0, relays: [], relayFaults: [fault] };
        await page.route('**/v1/stats', (route) => route.fulfill({ json }));
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
        await page.getByText('Nobody who tried can reach the relay at 10.0.0.5').waitFor();
        await page.unroute('**/v1/stats');
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
        await page.waitForSelector('#now.live');
      },
    );

    describe('with an invitation', () => {
      browserIt('shows the command and sends it nowhere, under a path too', async () => {
        const proxy = await RecordingProxy.open(control.url, '/lan');
        try {
          const { page, seen } = await openLoaded(`/lan/#${fragment}`, {}, proxy.origin);
          await page.getByRole('heading', { name: 'You are invited' }).waitFor();
          expect(await page.locator('#invite-command').textContent()).toBe(
            `sudo ./lanrage join '${proxy.origin}/lan/#${fragment}'`,
          );
          const handed = await page.getByRole('link', { name: 'Open in LANrage' }).getAttribute('href');
          expect(parseOpenLink(handed ?? '')?.text).toBe(`${proxy.origin}/lan/#${fragment}`);
          const command = page.locator('#join code', { hasText: 'join PARTY_ID' });
          expect(await command.textContent()).toContain(`--server ${proxy.origin}/lan`);
          await page.getByRole('link', { name: 'Set up LANrage' }).click();
          expect(await page.locator('#invite-command').isVisible()).toBe(true);
          await page.getByRole('link', { name: 'Health' }).click();
          await page.waitForURL('**/lan/health');
          expect(proxy.received.length).toBeGreaterThan(6);
          expect(proxy.received.join('\n')).not.toContain(invitation.secret);
          expect([...seen.origins]).toEqual([proxy.origin]);
          expect(seen.complaints).toEqual([]);
        } finally {
          await proxy.close();
        }
      });

      browserIt.each([
        ['quotes', "join='; echo gone; '"],
        ['substitutions', 'join=$(x)'],
        ['backslashes', 'join=a\\'],
        ['too much', `${invitation.fragment}A`],
        ['too little', invitation.fragment.slice(0, -1)],
        ['anything', 'join=anything'],
        ['another version', invitation.fragment.replace('join=AQ', 'join=AA')],
      ])('makes no command from a link with %s', async (_name, part) => {
        const { page } = await openLoaded(`/#${part}`);
        await page.getByText('This link was cut or mistyped.').waitFor();
        expect(await page.getByText('You are invited').isVisible()).toBe(false);
        expect(await page.locator('#invite-command').textContent()).toBe('');
        expect(await page.locator('#invite .command').isVisible()).toBe(false);
        expect(await page.locator('#invite-open').getAttribute('href')).toBe('#join');
      });

      browserIt('follows a link that is opened in the same tab, and is silent without one', async () => {
        const { page } = await openLoaded();
        expect(await page.locator('#invite').isVisible()).toBe(false);
        await page.goto(`${control.url}/#anything`);
        expect(await page.locator('#invite').isVisible()).toBe(false);
        await page.goto(`${control.url}/#${invitation.fragment}`);
        await page.getByText(`lanrage join '${control.url}/#${invitation.fragment}'`).waitFor();
      });
    });

    browserIt.each([
      ['light', 1280],
      ['dark', 1280],
      ['light', 320],
      ['dark', 320],
    ] as const)('can be used by everybody: %s, %i px wide', async (colorScheme, width) => {
      const viewport = { width, height: 800 };
      const { page } = await openLoaded(`/#${invitation.fragment}`, {
        colorScheme,
        viewport,
        reducedMotion: 'reduce',
      });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(background).toBe(colorScheme === 'dark' ? 'rgb(18, 23, 21)' : 'rgb(246, 244, 238)');
      expect(await barriers(page)).toEqual([]);
    });

    browserIt('tells how to play without JavaScript', async () => {
      const { page } = await open('/#join=abc', { javaScriptEnabled: false });
      const text = await page.locator('body').innerText();
      expect(text).toContain('sudo ./lanrage join PARTY_ID --server http://SERVER:8080');
      expect(text).toContain("sudo ./lanrage join 'THE WHOLE LINK'");
      expect(text).not.toContain('Copy');
      expect(text).not.toContain('On this server now');
    });
  });
});
