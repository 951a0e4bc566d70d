import { join } from 'node:path';
import pg from 'pg';
import { TestAgent } from '../../e2e/support/control-agent';
import type { AttackOptions, AttackOutcome } from '../attack';
import { startAttackedControl, type AttackedControl } from '../attacked-control';

/** A server of its own, behind what it takes for a proxy, which tells the address of the client. */
export function behindProxy(
  settings: Record<string, string>,
  play: (control: AttackedControl, options: AttackOptions) => Promise<AttackOutcome>,
): (options: AttackOptions) => Promise<AttackOutcome> {
  return async (options) => {
    const control = await startAttackedControl({ LANRAGE_TRUST_PROXY: '1', ...settings });
    try {
      return await play(control, options);
    } finally {
      await control.stop();
    }
  };
}

export function from(address: string): Record<string, string> {
  return { 'X-Forwarded-For': address };
}

/** A peer that has created a party, from that address. @returns null when it may not */
export async function creator(
  url: string,
  address: string,
  terms: object = {},
): Promise<{ agent: TestAgent; id: string } | null> {
  const agent = await TestAgent.signIn(url, 'Maker');
  const answer = await agent.ask('POST', '', { name: 'LAN', peerName: 'Maker', ...terms }, from(address));
  return answer.status === 201 ? { agent, id: (answer.body as { id: string }).id } : null;
}

/** Changes what the server has written, as if time had passed. */
export async function rewrite(control: AttackedControl, sql: string, values: unknown[]): Promise<void> {
  const host = join(control.data, 'postgres/data');
  const client = new pg.Client({ host, user: 'lanrage', database: 'postgres' });
  await client.connect();
  await client.query(sql, values);
  await client.end();
}
