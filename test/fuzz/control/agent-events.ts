/** What an agent may send over its live connection: made from the events' schemas, and sent. */
import fc from 'fast-check';
import { acknowledgementSchema, agentRequestSchemas } from '#shared/api/signaling';
import { inTime } from './in-time';
import { oddKey, oddValue, unspelled } from './odd-values';
import { knownValues } from './requests';
import { valuesOf } from './schema-values';
import { KNOWN, type World } from './world';

export interface AgentEvent {
  readonly do: 'agent event';
  readonly agent: number;
  readonly event: string;
  readonly payload: unknown;
}

export const agentEvents: fc.Arbitrary<AgentEvent> = fc.oneof(
  ...Object.entries(agentRequestSchemas).map(([event, schema]) => ({
    weight: 8,
    arbitrary: eventsOf(fc.constant(event), valuesOf(schema, knownValues)),
  })),
  { weight: 1, arbitrary: eventsOf(oddKey, oddValue) },
);

function eventsOf(event: fc.Arbitrary<string>, payload: fc.Arbitrary<unknown>): fc.Arbitrary<AgentEvent> {
  return fc.record({ do: fc.constant('agent event' as const), agent: fc.nat(KNOWN - 1), event, payload });
}

/**
 * @returns the code of the answer
 * @throws Error that says which promise the server broke
 */
export async function sendAgentEvent(world: World, { agent, event, payload }: AgentEvent): Promise<string> {
  const answer = await inTime(event, world.lineOf(agent).ask(event, world.resolve(payload, unspelled)));
  return answer === 'closed' ? 'connection closed' : codeOf(event, answer);
}

function codeOf(event: string, answer: unknown): string {
  const acknowledgement = acknowledgementSchema.parse(answer);
  const code = acknowledgement.ok ? 'ok' : acknowledgement.error.code;
  if (code === 'INTERNAL') throw new Error(`${event} was answered with INTERNAL`);
  return code;
}
