import { setTimeout as delay } from 'node:timers/promises';
import { COLUMNS } from '#shared/terminal/text';
import { askIfRunning } from '../agent/local-client';
import type { Context } from './context';
import { outputClosed, stopRequested } from './foreground';
import { enterScreen, eventKey, leaveScreen, redraw, renderBlock, type Sight } from './watch-screen';

const INTERVAL_MS = 1_000;
/** Height of a terminal that does not say. */
const ROWS = 24;

/** Where sights go. */
interface Display {
  show(sight: Sight): void;
  close(): void;
}

/** `lanrage status --watch`: until Ctrl-C, or until nobody reads on; goes on when the agent is away and comes back. */
export async function watch({ config, json }: Context): Promise<void> {
  const stop = Promise.race([stopRequested(), outputClosed()]).then(() => null);
  const display = json ? jsonLines() : process.stdout.isTTY ? screen() : blocks();
  try {
    for (;;) {
      const due = delay(INTERVAL_MS);
      const sight = await Promise.race([look(config.home), stop]);
      if (sight === null) return;
      display.show(sight);
      if ((await Promise.race([due, stop])) === null) return;
    }
  } finally {
    display.close();
  }
}

async function look(home: string): Promise<Sight> {
  return (await askIfRunning(home, 'status', {})) ?? { status: 'no_agent' };
}

function jsonLines(): Display {
  return { show: (sight) => console.log(JSON.stringify(sight)), close: () => undefined };
}

function blocks(): Display {
  let before = '';
  return {
    show(sight) {
      const key = eventKey(sight);
      if (key !== before) console.log(renderBlock(sight, timeOfDay()));
      before = key;
    },
    close: () => undefined,
  };
}

function screen(): Display {
  const { stdout } = process;
  let last: Sight | undefined;
  const draw = () => {
    const { columns, rows } = stdout;
    if (last) stdout.write(redraw(last, timeOfDay(), { columns: columns || COLUMNS, rows: rows || ROWS }));
  };
  stdout.write(enterScreen);
  stdout.on('resize', draw);
  return {
    show(sight) {
      last = sight;
      draw();
    },
    close() {
      stdout.off('resize', draw);
      stdout.write(leaveScreen);
    },
  };
}

function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8);
}
