import { sudoUser } from '../config';
import { homePaths } from '../home';
import { handSocketTo } from '../sudo-user';
import { dismiss, openSocket, type OpenDoor } from './local-doors';
import { LocalApi, type LocalHandlers } from './local-server';
import { LocalStreams, type EventSource } from './local-stream';
import type { PageAnswer } from './local-api';
import type { OpenPage } from './page-door';
import { admitGroup } from './socket-group';

/** The doors of one agent: its socket, and the page's port when somebody wants that. */
export class LocalAccess {
  readonly streams: LocalStreams;
  private readonly api: LocalApi;
  private readonly doors: OpenDoor[] = [];
  private openedPage: Promise<OpenPage> | undefined;
  private isClosed = false;

  constructor(handlers: LocalHandlers, source: EventSource, onFault: (error: unknown) => void) {
    this.streams = new LocalStreams(source);
    this.api = new LocalApi(handlers, this.streams, onFault);
  }

  /** Opens the socket, also to those who may ask an agent of root's. @throws LanrageError when the state folder takes no socket, as inHome does */
  async open(home: string): Promise<void> {
    const { socket } = homePaths(home);
    this.doors.push(await openSocket(socket, this.api.listenerAt({ kind: 'socket' })));
    admitGroup(home);
    const user = sudoUser();
    if (user) handSocketTo(user, home);
  }

  /** Opens the page's port, if it is not open yet. @throws LanrageError PAGE_MISSING */
  async page(): Promise<PageAnswer> {
    this.openedPage ??= this.openPage();
    try {
      const { address } = await this.openedPage;
      return { address };
    } catch (error) {
      this.openedPage = undefined;
      throw error;
    }
  }

  /** Takes no more requests from now on, and lets go of those who listen when everything is over. */
  async close(over: Promise<unknown>): Promise<void> {
    this.isClosed = true;
    const closing = this.doors.map((door) => door.close());
    const end = () => {
      this.streams.close();
      this.doors.forEach(dismiss);
    };
    over.then(end, end);
    await Promise.all(closing);
  }

  private async openPage(): Promise<OpenPage> {
    const { openPage } = await import('./page-door.js');
    const page = await openPage(this.api);
    this.doors.push(page);
    // An agent that ends meanwhile closes it, too.
    if (this.isClosed) void page.close();
    return page;
  }
}
