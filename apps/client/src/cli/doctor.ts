import { LanrageError } from '#shared/errors';
import { askAgent } from '../agent/local-client';
import { findingsOf, isAnythingExamined, type AgentExamination } from '../doctor/findings';
import { examineNetwork } from '../doctor/network-examination';
import { answer, type Context } from './context';
import { renderFindings } from './doctor-rendering';

/**
 * `lanrage doctor [PEER]`: what is wrong, and what would change it; also without an agent, though not about a peer or a port.
 * @throws LanrageError CONTROL_UNAVAILABLE when there was nothing to examine, after having said so;
 *   AGENT_NOT_RUNNING, NOT_IN_PARTY, NO_SUCH_PEER when a peer or a port was named
 */
export async function doctor(
  context: Context,
  peer: string | undefined,
  port: number | undefined,
): Promise<void> {
  const agent = await examineAgent(context.config.home, peer, port);
  const diagnosis = agent.state === 'running' ? agent.diagnosis : null;
  const { config } = context;
  const network = await examineNetwork({ ...config, server: diagnosis?.settings.server ?? config.server });
  const examination = { agent, network };
  const findings = findingsOf(examination);
  const report = { findings, agent: agent.state, portMapping: diagnosis?.portMapping ?? null, ...network };
  answer(context, report, renderFindings(findings));
  if (isAnythingExamined(examination)) return;
  const { error } = network.server;
  throw new LanrageError('CONTROL_UNAVAILABLE', error ? { message: error.message } : {});
}

async function examineAgent(
  home: string,
  peer: string | undefined,
  port: number | undefined,
): Promise<AgentExamination> {
  try {
    return { state: 'running', diagnosis: await askAgent(home, 'diagnose', { peer, port }) };
  } catch (error) {
    if (!(error instanceof LanrageError) || peer !== undefined || port !== undefined) throw error;
    if (error.code === 'AGENT_NOT_RUNNING') return { state: 'not_running' };
    return { state: 'not_asked', error: { code: error.code, message: error.message } };
  }
}
