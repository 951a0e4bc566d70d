import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import type { PartyState, StateEntry } from '#shared/api/state';
import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import type { ControlPlane } from '../control/control-plane';
import { SharedState } from './shared-state';

const partyId = '0123456789ab' as PartyId;
type Ask = ControlPlane['authorized'];

/** The server's side: the state, and the events that are on their way. */
class Server {
  version = 0;
  readonly entries = new Map<string, StateEntry>();
  events: StateEntry[] = [];
  readings = 0;
  isAway = false;

  write(key: string, value: string | undefined): StateEntry {
    const change = { key, version: ++this.version, ...(value !== undefined && { value }) };
    if (value === undefined) this.entries.delete(key);
    else this.entries.set(key, change);
    this.events.push(change);
    return change;
  }

  get state(): PartyState {
    const entries = [...this.entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return { version: this.version, entries };
  }

  private readonly link = new EventEmitter();

  cut(): void {
    this.link.emit('disconnected', 'transport close');
  }

  readonly control = {
    on: (name: string, listener: () => void) => this.link.on(name, listener),
    authorized: ((request: { method: string; body?: { key: string; value?: string } }) => {
      if (this.isAway) return Promise.reject(new LanrageError('CONTROL_UNAVAILABLE'));
      if (request.body) return Promise.resolve(this.write(request.body.key, request.body.value));
      this.readings += 1;
      return Promise.resolve(this.state);
    }) as unknown as Ask,
  } as unknown as ControlPlane;
}

/** An agent in a party with this server, and what it told. */
function enter(server: Server) {
  const shared = new SharedState(server.control);
  const told: StateEntry[] = [];
  shared.on('changed', (change) => told.push(change));
  shared.enter(partyId, server.version);
  const hear = (count = Infinity) => {
    for (const change of server.events.splice(0, count)) shared.hear({ partyId, ...change });
  };
  return { shared, told, hear };
}

describe('the shared state at an agent', () => {
  let server: Server;
  beforeEach(() => {
    jest.useFakeTimers();
    server = new Server();
  });
  afterEach(() => jest.useRealTimers());

  it('is read once, and then kept', async () => {
    server.write('map', 'dust');
    const { shared, told, hear } = enter(server);
    expect(await shared.read()).toEqual(server.state);
    server.events = [];
    server.write('map', 'inferno');
    hear();
    expect(await shared.read()).toEqual(server.state);
    expect(server.readings).toBe(1);
    expect(told).toEqual([{ key: 'map', value: 'inferno', version: 2 }]);
  });

  it('has what this agent wrote, before the server tells of it, and tells it once', async () => {
    const { shared, told, hear } = enter(server);
    await shared.read();
    server.write('map', 'dust');
    await shared.write({ key: 'round', value: '1' });
    expect(await shared.read()).toEqual(server.state);
    hear();
    expect(told.map(({ version }) => version)).toEqual([1, 2]);
  });

  it('is read anew after an outage in which somebody wrote, and not after another one', async () => {
    const { shared, told } = enter(server);
    await shared.read();
    server.cut();
    shared.resume(server.version);
    await jest.advanceTimersByTimeAsync(0);
    expect(server.readings).toBe(1);
    server.cut();
    server.write('map', 'dust');
    server.write('map', 'inferno');
    server.events = [];
    shared.resume(server.version);
    await jest.advanceTimersByTimeAsync(0);
    expect(told).toEqual([{ key: 'map', value: 'inferno', version: 2 }]);
    expect(server.readings).toBe(2);
  });

  it('comes from the server while changes do not arrive', async () => {
    const { shared } = enter(server);
    await shared.read();
    server.cut();
    server.write('map', 'dust');
    expect(await shared.read()).toEqual(server.state);
    server.isAway = true;
    await expect(shared.read()).rejects.toMatchObject({ code: 'CONTROL_UNAVAILABLE' });
  });

  it('is nobody’s outside of a party', async () => {
    const { shared, told } = enter(server);
    shared.leave();
    shared.hear({ partyId, key: 'map', value: 'dust', version: 1 });
    await expect(shared.read()).rejects.toMatchObject({ code: 'NOT_IN_PARTY' });
    await expect(shared.write({ key: 'map' })).rejects.toMatchObject({ code: 'NOT_IN_PARTY' });
    expect(told).toEqual([]);
  });

  it('misses no change that was told while the agent was entering', async () => {
    server.write('map', 'dust');
    const shared = new SharedState(server.control);
    shared.hear({ partyId, key: 'map', value: 'dust', version: 1 });
    shared.enter(partyId, 0);
    expect(await shared.read()).toEqual(server.state);
  });

  type Act = 'other' | 'remove' | 'own' | 'hear' | 'hear one' | 'read' | 'cut' | 'mend' | 'wait';
  const acts = fc.array(
    fc.constantFrom<Act>('other', 'remove', 'own', 'hear', 'hear one', 'read', 'cut', 'mend', 'wait'),
    { maxLength: 40 },
  );
  it('is in the end what the server has, and so is what was told, whatever happens on the way', async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (steps) => {
        const before = new Server();
        before.write('b', 'from before');
        before.events = [];
        const { shared, told, hear } = enter(before);
        let isCut = false;
        const mend = () => {
          isCut = false;
          before.events = [];
          shared.resume(before.version);
        };
        const read = async () => {
          const heard = before.version - (isCut ? 0 : before.events.length);
          expect((await shared.read()).version).toBeGreaterThanOrEqual(heard);
        };
        const doing: Record<Act, () => unknown> = {
          other: () => before.write('a', `other ${before.version}`),
          remove: () => before.write('b', undefined),
          own: () => shared.write({ key: 'b', value: `own ${before.version}` }),
          hear: () => !isCut && hear(),
          'hear one': () => !isCut && hear(1),
          read,
          cut: () => {
            isCut = true;
            before.cut();
          },
          mend: () => isCut && mend(),
          wait: () => jest.advanceTimersByTimeAsync(1_000),
        };
        for (const step of steps) await doing[step]();
        if (isCut) mend();
        hear();
        await jest.advanceTimersByTimeAsync(2_000);
        expect(await shared.read()).toEqual(before.state);
        const versions = told.map(({ version }) => version);
        expect([...versions].sort((a, b) => a - b)).toEqual(versions);
        const replayed = new Map([['b', 'from before']]);
        for (const { key, value } of told)
          if (value === undefined) replayed.delete(key);
          else replayed.set(key, value);
        const values = before.state.entries.map(({ key, value }) => [key, value]);
        const isRemovalUnknown = !before.entries.has('b') && replayed.has('b');
        if (!isRemovalUnknown) expect([...replayed].sort()).toEqual(values);
      }),
      { numRuns: 300 },
    );
  });
});
