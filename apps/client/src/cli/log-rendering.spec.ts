import pino from 'pino';
import { LogBook } from '../agent/log-book';
import { renderLogLine } from './log-rendering';

describe("the agent's log", () => {
  it('is a line for each event: when, how bad, what, and of whom', () => {
    const book = new LogBook();
    const log = pino({ name: 'lanrage', base: null, timestamp: () => ',"time":1767225600000' }, book);
    log.warn({ peerId: '0123456789abcdef', reason: null }, 'peer\u001b refused');
    log.error({ err: new Error('no room') }, 'local request failed');
    expect(book.lines.map(renderLogLine)).toEqual([
      '2026-01-01 00:00:00 warn  peer\ufffd refused peerId=0123456789abcdef reason=null',
      '2026-01-01 00:00:00 error local request failed err="no room"',
    ]);
  });

  it('is as long as the latest 500 lines, of which none is endless', () => {
    const book = new LogBook();
    for (let number = 0; number < 510; number++) book.write(`{"number":${number}}\n`);
    book.write('x'.repeat(5_000));
    expect([book.lines.length, book.lines[0], book.lines.at(-1)]).toEqual([
      500,
      '{"number":10}',
      '{"number":509}',
    ]);
  });
});
