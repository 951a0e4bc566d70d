import { setTimeout as delay } from 'node:timers/promises';
import { alice, HostileParty, hostilePartyId } from '../../e2e/support/hostile-party';
import { ScriptedControl } from '../../e2e/support/scripted-control';
import type { Attack } from '../attack';

const LISTENING_MS = 300;

/** A server answers every request with a redirection, so that proofs, tokens and passwords go to another one. */
export const redirections: Attack = {
  name: 'redirections',
  attacker: 'server',
  async play() {
    const codes = [301, 302, 303, 307, 308];
    let through = 0;
    for (const status of codes) {
      const other = await ScriptedControl.start();
      const hostile = await HostileParty.start();
      try {
        hostile.server.script = ({ url }) => ({
          status,
          body: {},
          headers: { location: `${other.url}${url}` },
        });
        await hostile.manager.joinParty(hostilePartyId, 'Bob', { password: 'secret' }).catch(() => undefined);
        await delay(LISTENING_MS);
        if (other.connections > 0) through += 1;
      } finally {
        await hostile.close();
        await other.close();
      }
    }
    return { tried: codes.length, through };
  },
};

const MEGABYTE = 1024 * 1024;
const ANSWER_BYTES = 100 * MEGABYTE;
const MOST_GROWTH_BYTES = 300 * MEGABYTE;

/** Bodies that are larger than any party. */
const bodies: readonly (() => string)[] = [
  () => `{"id":"${'a'.repeat(ANSWER_BYTES)}"}`,
  () => '['.repeat(ANSWER_BYTES),
  () => `[${'[],'.repeat(ANSWER_BYTES / 3)}[]]`,
];

/** A server answers with 100 MB: the agent must refuse it, go on, and not keep it. */
export const hugeAnswers: Attack = {
  name: 'huge answers',
  attacker: 'server',
  async play() {
    const notes: string[] = [];
    for (const make of bodies) {
      const hostile = await HostileParty.start();
      try {
        const body = make();
        const before = process.memoryUsage().rss;
        const joined = await hostile.join(body).then(
          () => 'joined',
          (error: { code?: string }) => error.code,
        );
        const grown = process.memoryUsage().rss - before;
        if (joined !== 'CONTROL_UNAVAILABLE') notes.push(`ended with ${joined}`);
        else if (grown > MOST_GROWTH_BYTES) notes.push(`grew by ${Math.round(grown / MEGABYTE)} MB`);
        await hostile.join(hostile.snapshot([alice]));
      } finally {
        await hostile.close();
      }
    }
    return { tried: bodies.length, through: notes.length, note: notes.join('; ') };
  },
};

const WATCHED_MS = 2_000;
const MOST_SIGN_INS = 20;

/** Tokens that are over before they are given, or last longer than a timer can. */
export const restlessTokens: Attack = {
  name: 'tokens that never last',
  attacker: 'server',
  async play() {
    const lifetimesMs = [-1e9, 0, 1, Date.parse('9999-12-31T00:00:00Z') - Date.now()];
    let through = 0;
    for (const lifetimeMs of lifetimesMs) {
      const hostile = await HostileParty.start({ tokenLifetimeMs: lifetimeMs });
      try {
        const before = hostile.server.tokens.length;
        await delay(WATCHED_MS);
        if (hostile.server.tokens.length - before > MOST_SIGN_INS) through += 1;
      } finally {
        await hostile.close();
      }
    }
    return { tried: lifetimesMs.length, through };
  },
};
