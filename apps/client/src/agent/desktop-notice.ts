/**
 * Tells a player who is not looking at a terminal, by the desktop's notifications (notify-send of libnotify), that somebody is not
 * reached. Where there is no desktop, or no notify-send, nothing happens.
 */
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { fit, printable } from '#shared/terminal/text';
import { LanrageError } from '#shared/errors';
import { TokenBucket } from '#shared/token-bucket';
import { runCommand } from '../network/command';
import type { Peer } from '../party/party';
import { unreachedIn, type AgentEvent } from './agent-events';

/** For more players `lanrage status` is the place. */
const NOTICES = { perSecond: 1 / 60, burst: 3 } as const;
const NOTICE_LIMIT_MS = 2_000;
const TITLE_COLUMNS = 60;
const BODY_COLUMNS = 300;
/** Where systemd-logind has a folder for each user who is logged in, see pam_systemd(8). */
const SESSIONS = '/run/user';
/** Users below and above are the system's, such as that of the login screen; see login.defs(5). */
const FIRST_UID = 1_000;
const LAST_UID = 60_000;

export interface Notice {
  readonly title: string;
  readonly body: string;
}

/** Whose desktop it is. */
export interface Desktop {
  readonly uid: number;
  readonly gid: number;
  /** Path of the session's bus. */
  readonly bus: string;
}

/** Shows what a player should know of the agent's events. */
export class DesktopNotices {
  private readonly budget = new TokenBucket(NOTICES, performance.now());

  constructor(private readonly show: (notice: Notice) => Promise<void> = showNotice) {}

  hear(event: AgentEvent): void {
    for (const peer of unreachedIn(event)) {
      if (this.budget.take(1, performance.now())) void this.show(noticeOf(peer));
    }
  }
}

export function noticeOf({ name, reason }: Pick<Peer, 'name' | 'reason'>): Notice {
  const { message, advice } = reason ?? { message: 'See: lanrage status', advice: null };
  return {
    title: fit(plain(`${name} is not reached`), TITLE_COLUMNS),
    body: fit(plain(advice === null ? message : `${message} ${advice}`), BODY_COLUMNS),
  };
}

/** A notification's body may be markup, and notify-send takes backslashes for escapes: none of that is left of what others wrote. */
function plain(text: string): string {
  return printable(text).replace(/[<>&\\]/g, '');
}

/**
 * The desktop of this user; for root that of the only person who has one. Of two nobody can tell whose party it is.
 * @param ownUid of the agent
 */
export function desktopFor(ownUid: number, desktops: readonly Desktop[]): Desktop | null {
  const [first, ...others] = desktops.filter(({ uid }) => (ownUid === 0 ? isPerson(uid) : uid === ownUid));
  return first && others.length === 0 ? first : null;
}

/** The desktops of all users who are logged in, as far as this user may see them. @param folder has a folder for each user */
export function readDesktops(folder = SESSIONS): readonly Desktop[] {
  return namesIn(folder).flatMap((name) => desktopOf(Number(name), join(folder, name)) ?? []);
}

function isPerson(uid: number): boolean {
  return uid >= FIRST_UID && uid < LAST_UID;
}

function desktopOf(uid: number, folder: string): Desktop | null {
  const bus = join(folder, 'bus');
  const [ofFolder, ofBus] = [folder, bus].map(statIfPresent);
  if (!ofFolder?.isDirectory() || !ofBus?.isSocket()) return null;
  return ofFolder.uid === uid && ofBus.uid === uid ? { uid, gid: ofFolder.gid, bus } : null;
}

function statIfPresent(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // Another user's folder, which is none of ours.
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Runs notify-send as the desktop's user, whose bus listens to nobody else. */
export async function showNotice({ title, body }: Notice): Promise<void> {
  const desktop = desktopFor(process.geteuid?.() ?? 0, readDesktops());
  if (!desktop) return;
  const { uid, gid, bus } = desktop;
  const args = ['--app-name=LANrage', '--icon=network-error', '--', plain(title), plain(body)];
  const environment = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${bus}` };
  try {
    await runCommand('notify-send', args, { environment, user: { uid, gid }, timeoutMs: NOTICE_LIMIT_MS });
  } catch (error) {
    // Without the tool there is nobody to tell.
    if (!(error instanceof LanrageError)) throw error;
  }
}
