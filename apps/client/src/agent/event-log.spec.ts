import { EventLog } from './event-log';
import { EventReader, formatEvent } from './sse';

const said = (data: unknown) => ({ event: 'stateChanged', data });

describe('the log of events', () => {
  it('knows what a listener missed', () => {
    const log = new EventLog('a');
    const [first, second, third] = [1, 2, 3].map((data) => log.add(said(data))) as [never, never, never];
    expect(first).toEqual({ id: 'a-1', event: 'stateChanged', data: '1' });
    expect(log.since('a-1')).toEqual([second, third]);
    expect(log.since('a-3')).toEqual([]);
    expect(log.since('a-0')).toEqual([first, second, third]);
  });

  it('says how things stand as of the last event', () => {
    const log = new EventLog('a');
    expect(log.standing(said('now')).id).toBe('a-0');
    log.add(said(1));
    expect(log.standing(said('now'))).toEqual({ id: 'a-1', event: 'stateChanged', data: '"now"' });
    expect(log.since('a-1')).toEqual([]);
  });

  it.each(['b-1', 'a-2', 'a--1', 'a-', 'a-1x', 'a-1.5', '', 'a-999999999999999999'])(
    'knows nothing of what came after %j',
    (id) => {
      const log = new EventLog('a');
      log.add(said(1));
      expect(log.since(id)).toBeNull();
    },
  );

  it('forgets the oldest: more than 256, or more than half a megabyte', () => {
    const log = new EventLog('a');
    for (let count = 0; count < 300; count++) log.add(said(count));
    expect(log.since('a-44')).toHaveLength(256);
    expect(log.since('a-43')).toBeNull();
    for (let count = 0; count < 20; count++) log.add(said('x'.repeat(64 * 1024)));
    expect(log.since('a-313')).toHaveLength(7);
    expect(log.since('a-312')).toBeNull();
  });
});

describe('events as they are sent', () => {
  it('are read from any pieces', () => {
    const events = [
      { id: 'a-1', event: 'one', data: JSON.stringify({ text: 'a\nb: c' }) },
      { id: 'a-2', event: 'two', data: 'null' },
    ];
    const text = events.map(formatEvent).join('');
    for (let size = 1; size <= text.length; size++) {
      const reader = new EventReader();
      const read = [];
      for (let at = 0; at < text.length; at += size) read.push(...reader.read(text.slice(at, at + size)));
      expect(read).toEqual(events);
    }
  });
});
