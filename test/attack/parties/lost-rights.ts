import { codeOf, TestAgent } from '../../e2e/support/control-agent';
import { until } from '../../e2e/support/processes';
import type { Attack } from '../attack';
import { behindProxy, creator, rewrite } from './server';

const guards = [
  { terms: { locked: true }, code: 'PARTY_LOCKED' },
  { terms: { password: 'correct horse' }, code: 'PASSWORD_REQUIRED' },
] as const;

/** Somebody who was in a party, and is not any more, comes back past what the host set up since. */
export const lostRights: Attack = {
  name: 'back past a lock or a password',
  attacker: 'member',
  play: behindProxy({ LANRAGE_PRESENCE_TIMEOUT_SECONDS: '1' }, async (control) => {
    const through: string[] = [];
    let tried = 0;
    for (const { terms, code } of guards) {
      for (const way of ['left', 'timed_out'] as const) {
        const made = await creator(control.url, '192.0.2.1');
        if (!made) throw new Error('no party');
        const host = await made.agent.connect();
        const member = await TestAgent.signIn(control.url, 'Member');
        await member.join(made.id);
        if (way === 'left') await member.leave(made.id);
        await until('the member is gone', async () => (await made.agent.get(made.id)).members.length === 1);
        const past = "UPDATE leases SET departed_at = now() - interval '11 minutes' WHERE party_id = $1";
        await rewrite(control, past, [made.id]);
        await made.agent.ask('PATCH', made.id, terms);
        for (const resume of [false, true]) {
          tried += 1;
          const answer = codeOf(await member.tryJoin(made.id, 'Member', { resume }));
          if (answer !== code) through.push(`${way}: ${answer} for ${code}`);
        }
        host.close();
      }
    }
    return { tried, through: through.length, note: through.join(', ') };
  }),
};
