/** The player's page, in a real browser, of a real agent among real NATs. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { askAgent, followAgent } from '../../apps/client/src/agent/local-client';
import { answerSchema } from '../../apps/client/src/agent/local-openapi';
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { barriers, chromiumPath, observe, openBrowserAt } from './support/browser';
import { LabPlayer } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { root, until } from './support/processes';
import { itWith } from './support/programs';

const browserIt = itWith(chromiumPath, '--version', 'chromium');
const MOST_BYTES = 60_000;
/** A name that leads to this machine: one that was bent so, for a page that comes from elsewhere. */
const STRANGER = 'stranger.test';
/** What a Minecraft world that is opened to the LAN says, and where. */
const world = '[MOTD]Castle[/MOTD][AD]25565[/AD]';
const looks = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 320 },
] as const;

describeLab("the player's page", () => {
  let lab: Lab;
  let server: LabServer;
  let alice: LabPlayer;
  let bob: LabPlayer;
  let browser: Browser | undefined;
  let page: Page;
  let seen: ReturnType<typeof observe>;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'));
    alice = await LabPlayer.at(await lab.hostBehind('alice', 'port_restricted'), server.url);
    bob = await LabPlayer.at(await lab.hostBehind('bob', 'port_restricted'), server.url);
    await bob.create('Gaming Night', '--discord', 'https://discord.gg/abc');
    await alice.startAgent();
    browser = await openBrowserAt(alice.host, `--host-resolver-rules=MAP ${STRANGER} 127.0.0.1`);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    for (const player of [alice, bob]) await player?.stop();
    await server?.stop();
    await lab?.close();
    await Promise.all([alice, bob].map((player) => player?.removeHome()));
  }, 60_000);

  const run = async (player: LabPlayer, ...args: string[]) => {
    const { code, stdout, stderr } = await player.run(...args, '--json');
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout) as Record<string, string>;
  };
  const handedOver = (link: string) => `lanrage://join/${encodeURIComponent(link)}`;
  const row = (name: string) =>
    page.locator('#players li').filter({ has: page.getByText(name, { exact: true }) });

  /** Whether everybody can use what is shown: in light and dark, wide and narrow. Pictures of it go to LANRAGE_SCREENSHOTS, if that is set. */
  const isOpenToAll = async (state: string) => {
    for (const { colorScheme, width } of looks) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect([state, await barriers(page)]).toEqual([state, []]);
      const folder = process.env['LANRAGE_SCREENSHOTS'];
      if (folder === undefined) continue;
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `${state}-${colorScheme}.png`), fullPage: true });
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  };

  it('weighs little', () => {
    const files = ['index.html', 'page.css', 'page.js', 'icon.svg'];
    const bytes = files.map((name) => {
      const content = readFileSync(join(root, 'dist/apps/client/src/page/assets', name));
      return gzipSync(content).length;
    });
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_BYTES);
  });

  browserIt(
    'opens without a party, and keeps its token to itself',
    async () => {
      const { address = '' } = await run(alice, 'ui');
      page = await (browser as Browser).newPage();
      page.setDefaultTimeout(30_000);
      page.on('dialog', (dialog) => void dialog.accept());
      seen = observe(page);
      await page.goto(new URL(address).origin);
      await page.getByText('This page does not know its agent').waitFor();
      await isOpenToAll('no-token');
      await page.goto(address);
      await page.getByRole('heading', { name: 'You are not in a party' }).waitFor();
      expect(page.url()).not.toContain('token');
      await page.reload();
      await page.getByRole('heading', { name: 'You are not in a party' }).waitFor();
      await page.getByText('What this machine shares').click();
      const settings = page.locator('#settings li');
      await settings
        .filter({ hasText: 'Direct paths to players: on' })
        .getByText('LANRAGE_DIRECT=off')
        .waitFor();
      await page.getByText(join(alice.home, 'config.json')).waitFor();
      await isOpenToAll('no-party');
    },
    60_000,
  );

  browserIt(
    "gives nothing to a stranger's page in the same browser, even one that has the token",
    async () => {
      const { address = '' } = await run(alice, 'ui');
      const { origin, port, hash } = new URL(address);
      const stranger = await (await (browser as Browser).newContext()).newPage();
      const read = (from: string, how: object) =>
        stranger.evaluate(
          `fetch(${JSON.stringify(from)}, ${JSON.stringify(how)}).then((answer) => answer.text(), ({ name }) => name)`,
        );
      const headers = { authorization: `Bearer ${hash.replace('#token=', '')}` };
      await stranger.route(`http://${STRANGER}/`, (route) =>
        route.fulfill({ contentType: 'text/html', body: '<title>x</title>' }),
      );
      await stranger.goto(`http://${STRANGER}/`);
      for (const path of ['/', '/page.js', '/v1/openapi.json', '/v1/events', '/v1/status']) {
        const method = path === '/v1/status' ? 'POST' : 'GET';
        expect(await read(origin + path, { method, headers })).toBe('TypeError');
        expect(await read(origin + path, { method })).toBe('TypeError');
        // What a page may send without asking, though it sees no answer.
        expect(await read(origin + path, { method, mode: 'no-cors' })).toMatch(/^(TypeError)?$/);
      }
      const bent = await stranger.goto(`http://${STRANGER}:${port}/`);
      expect([bent?.status(), await bent?.text()]).toEqual([403, expect.stringContaining('FOREIGN_REQUEST')]);
      expect(await read('/v1/status', { method: 'POST', headers, body: '{}' })).toContain('FOREIGN_REQUEST');
      await stranger.context().close();
    },
    60_000,
  );

  browserIt(
    'shows an invitation that a browser handed over, and joins nothing by itself',
    async () => {
      const { link = '' } = await run(bob, 'invite');
      const cut = await alice.run('open', handedOver(link.slice(0, -1)), '--no-open', '--json');
      expect(cut.stderr).toContain('INVALID_INVITE');
      const { address = '' } = await run(alice, 'open', handedOver(link), '--no-open');
      await page.goto(address);
      await page.getByRole('heading', { name: 'You are invited' }).waitFor();
      await page.locator('#invitation-facts').getByText(`${server.url}/`).waitFor();
      expect(page.url()).not.toContain('join');
      await isOpenToAll('invitation');
      expect((await alice.status()).status).toBe('no_party');
      await page.getByRole('button', { name: 'Not now' }).click();
      expect(await page.locator('#invitation').isVisible()).toBe(false);
    },
    60_000,
  );

  browserIt(
    'says why it cannot join, and joins by a link',
    async () => {
      await page.getByLabel("Invite link, or the party's id").fill('http://example.org/#join=half');
      await page.getByRole('button', { name: 'Join' }).click();
      await page.locator('#join-fault').getByText('This is not an invite link').waitFor();
      const { link = '' } = await run(bob, 'invite');
      // Each word that stands beside Bob's light, as soon as it does.
      await page.evaluate(`
      window.words = [];
      new MutationObserver(() => {
        for (const path of document.querySelectorAll('#players .path'))
          if (path.textContent && words.at(-1) !== path.textContent) words.push(path.textContent);
      }).observe(document.getElementById('players'), { subtree: true, childList: true, characterData: true });`);
      await page.getByLabel("Invite link, or the party's id").fill(link);
      await page.locator('#join-name').fill('Alice');
      await page.getByRole('button', { name: 'Join' }).press('Enter');
      await page.getByRole('heading', { name: 'Gaming Night' }).waitFor();
      expect(await page.evaluate('document.activeElement.id')).toBe('title');
    },
    60_000,
  );

  browserIt(
    'shows how the path becomes a direct one, with the reason and round trips',
    async () => {
      await row('Bob').getByText('direct', { exact: true }).waitFor();
      const words = await page.evaluate<string[]>('words');
      expect(words).toContain('via the relay');
      expect(words.at(-1)).toBe('direct');
      await row('Bob').getByText('Directly, over the internet.').waitFor();
      await row('Bob')
        .getByText(/^[\d.]+ ms$/)
        .waitFor();
      await until('the graph has two points', async () =>
        /L/.test((await row('Bob').locator('.line').getAttribute('d')) ?? ''),
      );
      expect(await page.getByRole('link', { name: 'https://discord.gg/abc' }).isVisible()).toBe(true);
      expect(await page.locator('#hosting').isVisible()).toBe(false);
    },
    60_000,
  );

  browserIt(
    'shows games as they appear, and what the party shares',
    async () => {
      const announce = `require('node:dgram').createSocket('udp4').send('${world}', 4445, '224.0.2.60', () => process.exit())`;
      const shown = page.locator('#games').getByRole('heading', { name: 'Castle' });
      // As the game does it, which says so again and again.
      await until('the game is shown', async () => {
        await bob.host.exec([process.execPath, '-e', announce]);
        return shown.isVisible();
      });
      await page
        .locator('#games')
        .getByText(`${await bob.virtualIp()}:25565`)
        .waitFor();
      await run(bob, 'state', 'set', 'map', 'de_dust2');
      await page.locator('#state').getByText('de_dust2').waitFor();
    },
    60_000,
  );

  browserIt(
    'leads back into the party by an invitation, and as it remembers where the player was',
    async () => {
      await page.getByRole('button', { name: 'Leave the party' }).click();
      await page.getByRole('heading', { name: 'Where you were' }).waitFor();
      await isOpenToAll('remembered');
      await page.getByRole('button', { name: /^Forget Gaming Night at http/ }).click();
      await page.getByRole('heading', { name: 'Where you were' }).waitFor({ state: 'hidden' });
      expect((await alice.run('rejoin', '--json')).stderr).toContain('NO_SUCH_PARTY');
      const { link = '' } = await run(bob, 'invite');
      const { address = '' } = await run(alice, 'open', handedOver(link), '--no-open');
      await page.goto(address);
      await page.locator('#accept-name').fill('Alice');
      await page.locator('#accept-button').click();
      await page.getByRole('heading', { name: 'Gaming Night' }).waitFor();
      await run(alice, 'leave');
      await page.getByRole('button', { name: /^Rejoin Gaming Night at http/ }).click();
      await page.getByRole('heading', { name: 'Gaming Night' }).waitFor();
      await run(alice, 'leave');
      expect(await run(alice, 'rejoin', 'gaming night')).toMatchObject({ status: 'in_party' });
      await row('Bob').waitFor();
    },
    60_000,
  );

  browserIt(
    "offers the host's tools to the host alone",
    async () => {
      await run(bob, 'set', '--host', 'Alice');
      await page.getByRole('heading', { name: 'You are the host' }).waitFor();
      await page.getByRole('button', { name: 'Make an invite link' }).click();
      await page.getByRole('img', { name: 'QR code of the invite link' }).waitFor();
      expect(await page.locator('#new-invite code').textContent()).toContain(`${server.url}/#join=`);
      await page.locator('#change').getByLabel('Name of the party').fill('Finals');
      await page.getByLabel('Locked: nobody new may join').check();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { name: 'Finals' }).waitFor();
      await page.locator('#facts').getByText('locked').waitFor();
      await page.getByRole('button', { name: 'Examine connection and router' }).click();
      await page.locator('#findings').getByText('answers in').first().waitFor();
      await isOpenToAll('party');
    },
    60_000,
  );

  it('answers of a party are as they are described', async () => {
    for (const operation of ['status', 'diagnose', 'readState', 'invites', 'bans'] as const) {
      const answer = await askAgent(alice.home, operation, {});
      expect(answerSchema(operation).parse(answer)).toEqual(answer);
    }
  });

  it('a game waits for a change of the shared state', async () => {
    const { version } = await askAgent(alice.home, 'readState', {});
    const same = await askAgent(alice.home, 'awaitState', { version, seconds: 1 });
    expect(same.version).toBe(version);
    const other = await askAgent(alice.home, 'awaitState', { version: version + 7, seconds: 25 });
    expect(other.version).toBe(version);
    const changed = askAgent(alice.home, 'awaitState', { version, seconds: 25 });
    const happening = followAgent(alice.home);
    expect((await happening.next()).value).toMatchObject({ event: 'status', data: { status: 'in_party' } });
    await run(bob, 'state', 'set', 'map', 'de_inferno');
    const entry = { key: 'map', value: 'de_inferno', version: version + 1 };
    expect((await changed).entries).toEqual([entry]);
    expect((await happening.next()).value).toEqual({ event: 'stateChanged', data: entry });
    await happening.return();
  }, 60_000);

  browserIt(
    'kicks a player, who is gone at once',
    async () => {
      await page.getByRole('button', { name: 'Kick: Bob' }).click();
      await row('Bob').waitFor({ state: 'detached' });
      await page.getByText('Nobody else is here yet').waitFor();
      expect(await bob.ended()).toBe(1);
      expect(bob.logs).toContain('KICKED');
    },
    60_000,
  );

  browserIt(
    'goes on without the server',
    async () => {
      await server.killApp('control');
      await page.locator('#warnings').getByText('The server cannot be reached').waitFor();
      await isOpenToAll('server-away');
    },
    60_000,
  );

  browserIt(
    'leaves, also without the server',
    async () => {
      await page.getByRole('button', { name: 'Leave the party' }).click();
      await page.getByRole('heading', { name: 'You are not in a party' }).waitFor();
    },
    60_000,
  );

  browserIt(
    'says that the agent is away, and asked nobody but the agent',
    async () => {
      const { origin } = new URL(page.url());
      const complaints = [...seen.complaints];
      await alice.stop();
      await page.locator('#away').getByText('The agent').waitFor();
      await isOpenToAll('agent-away');
      expect([...seen.origins]).toEqual([origin]);
      // The browser's own words for refusals are no complaints of the page.
      expect(complaints.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
    },
    60_000,
  );
});
