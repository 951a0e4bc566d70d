import { LaunchedServer, type App } from '../../e2e/support/launched-server';
import { until } from '../../e2e/support/processes';
import type { Attack, AttackOptions, AttackOutcome } from '../attack';

const ROUNDS = 3;
/** The watchdog's 10 s, and the time to start again on a busy machine. */
const PATIENCE_MS = 60_000;
const apps: readonly App[] = ['control', 'relay'];

/** Whatever it may be that stops an event loop for good: it is a matter of seconds. */
export const frozenServer: Attack = {
  name: 'frozen server',
  attacker: 'stranger',
  play,
};

async function play({ effort }: AttackOptions): Promise<AttackOutcome> {
  const rounds = Math.ceil(ROUNDS * effort);
  const server = await LaunchedServer.start();
  let through = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      const frozen = await Promise.all(apps.map((app) => staysFrozen(server, app)));
      through += frozen.filter(Boolean).length;
    }
  } finally {
    await server.stop();
  }
  return {
    tried: rounds * apps.length,
    through,
    note: 'event loops blocked for good; through: not back in 60 s',
  };
}

async function staysFrozen(server: LaunchedServer, app: App): Promise<boolean> {
  const frozen = server.freeze(app);
  const isBack = async () => server.pidOf(app) !== frozen && (await server.isWell(app));
  return until('it is back', isBack, { timeoutMs: PATIENCE_MS }).then(
    () => false,
    () => true,
  );
}
