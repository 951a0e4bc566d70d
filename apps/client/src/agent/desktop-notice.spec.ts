import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Peer } from '../party/party';
import type { AgentEvent } from './agent-events';
import { desktopFor, DesktopNotices, noticeOf, readDesktops, type Notice } from './desktop-notice';

const failed = (name: string) =>
  ({
    name,
    connectionType: 'failed',
    reason: { code: 'peer_silent', message: 'No answer.', advice: 'Ask <i>him</i>.' },
  }) as unknown as Peer;

describe('a notice on the desktop', () => {
  it('is no markup and no escape, whatever a player is called', () => {
    expect(noticeOf(failed('<b>Bob</b> & \\x41\u202e'))).toEqual({
      title: 'bBob/b  x41\ufffd is not reached',
      body: 'No answer. Ask ihim/i.',
    });
  });

  it('is as short as a notice', () => {
    expect(noticeOf(failed('x'.repeat(500))).title).toHaveLength(60);
  });

  it.each<[string, AgentEvent, string[]]>([
    ['a path that failed', { event: 'connectionChanged', data: failed('Bob') }, ['Bob is not reached']],
    ['somebody new who is refused', { event: 'peerJoined', data: failed('Bob') }, ['Bob is not reached']],
    ['somebody who has left', { event: 'peerLeft', data: failed('Bob') }, []],
    ['a path', { event: 'connectionChanged', data: { ...failed('Bob'), connectionType: 'relayed' } }, []],
  ])('of %s', (_what, event, titles) => {
    expect(noticesOf(event)).toEqual(titles);
  });

  it('is one of three at most, when many players are not reached', () => {
    const events = Array.from({ length: 31 }, (_, index): AgentEvent => {
      return { event: 'connectionChanged', data: failed(`Player ${index}`) };
    });
    expect(noticesOf(...events)).toHaveLength(3);
  });

  function noticesOf(...events: AgentEvent[]): string[] {
    const shown: Notice[] = [];
    const notices = new DesktopNotices((notice) => Promise.resolve(void shown.push(notice)));
    events.forEach((event) => notices.hear(event));
    return shown.map(({ title }) => title);
  }
});

describe('the desktop', () => {
  const of = (uid: number) => ({ uid, gid: uid, bus: `/run/user/${uid}/bus` });

  it.each([
    ['of this user', 1000, [1000, 1001], 1000],
    ['of this user, who has none', 1000, [1001], null],
    ['for root, of the only person who is logged in', 0, [0, 113, 1000], 1000],
    ['for root, when there are two', 0, [1000, 1001], null],
    ['for root, behind the login screen', 0, [0, 113], null],
  ])('%s', (_whose, ownUid, uids, expected) => {
    expect(desktopFor(ownUid, uids.map(of))?.uid ?? null).toBe(expected);
  });

  describe('of who is logged in', () => {
    const ownUid = process.geteuid?.() ?? 0;
    let folder: string;

    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'lanrage-sessions-'))));
    afterEach(() => rmSync(folder, { recursive: true }));

    it('is a socket in a folder of the user, both of the same user', async () => {
      const servers = await Promise.all([ownUid, ownUid + 1].map(logIn));
      const expected = { uid: ownUid, gid: process.getegid?.(), bus: join(folder, String(ownUid), 'bus') };
      expect(readDesktops(folder)).toEqual([expected]);
      servers.forEach((server) => server.close());
    });

    it('is none without a folder, a bus, or a socket', () => {
      expect(readDesktops(join(folder, 'missing'))).toEqual([]);
      mkdirSync(join(folder, String(ownUid)));
      expect(readDesktops(folder)).toEqual([]);
      writeFileSync(join(folder, String(ownUid), 'bus'), '');
      expect(readDesktops(folder)).toEqual([]);
    });

    async function logIn(name: number): Promise<Server> {
      mkdirSync(join(folder, String(name)));
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(join(folder, String(name), 'bus'), resolve));
      return server;
    }
  });
});
