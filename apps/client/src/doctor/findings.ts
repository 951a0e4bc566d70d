/**
 * What a doctor has to say: values that were examined in, findings out, those that matter most first. Pure.
 * What concerns one player is in peer-findings.ts.
 */
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import type { NatType } from '#shared/party/nat-type';
import { formatLatency } from '#shared/terminal/text';
import type { Diagnosis } from '../agent/local-api';
import { exposureText } from '../network/guard/exposure';
import { discoveryFindings } from './discovery-findings';
import { severities, type Finding, type FindingCode, type Severity } from './finding';
import { natName, natTexts, noIpv4 } from './nat-texts';
import type { NetcheckReport, StunServerReport } from './network-report';
import { peerFindings } from './peer-findings';
import { firewallFindings, portFindings } from './port-findings';
import { silenceFindings } from './silence-findings';
import { tunnelFindings } from './tunnel-findings';

/** What a doctor could find out. */
export interface Examination {
  readonly agent: AgentExamination;
  readonly network: NetcheckReport;
}

export type AgentExamination =
  | { readonly state: 'running'; readonly diagnosis: Diagnosis }
  | { readonly state: 'not_running' }
  | { readonly state: 'not_asked'; readonly error: { readonly code: string; readonly message: string } };

/** About everything; of the players, only about the one that was asked for, if one was. */
export function findingsOf({ agent, network }: Examination): Finding[] {
  const diagnosis = agent.state === 'running' ? agent.diagnosis : null;
  const findings = [
    ...(diagnosis ? portFindings(diagnosis) : []),
    ...(diagnosis ? peerFindings(diagnosis) : []),
    ...serverFindings(network, diagnosis),
    ...(network.refused.length > 0 ? [stunServerRefused(network.refused)] : []),
    ...networkFindings(network, diagnosis),
    ...(diagnosis ? portMappingFindings(diagnosis, network.natInfo.natType) : []),
    ...(diagnosis
      ? [...tunnelFindings(diagnosis), ...guardFindings(diagnosis), ...discoveryFindings(diagnosis)]
      : []),
    ...(diagnosis ? firewallFindings(diagnosis) : []),
    agentFinding(agent),
  ];
  const rank = ({ severity, peer }: Finding) =>
    peer && peer.id === diagnosis?.peerId ? -1 : severities.indexOf(severity);
  return findings.sort((one, other) => rank(one) - rank(other));
}

/** Whether there was anything to look at. */
export function isAnythingExamined({ agent, network }: Examination): boolean {
  return agent.state === 'running' || network.server.latencyMs !== null || !network.natInfo.relayOnly;
}

function agentFinding(agent: AgentExamination): Finding {
  switch (agent.state) {
    case 'running': {
      const { status } = agent.diagnosis;
      const where = status.status === 'in_party' ? `in the party "${status.party.name}"` : 'in no party';
      return ok('agent_running', `An agent is running, ${where}.`);
    }
    case 'not_running':
      return {
        code: 'agent_not_running',
        severity: 'info',
        message:
          "No agent is running, so there is nothing to say about a party or the router's port mapping.",
        advice: 'Start one: lanrage agent, lanrage create or lanrage join',
      };
    case 'not_asked':
      return {
        code: 'agent_not_asked',
        severity: 'problem',
        message: `The running agent cannot be asked: ${agent.error.code}`,
        advice:
          agent.error.code === 'NOT_FOUND'
            ? 'It is another version than this command. Stop it and start it again.'
            : agent.error.message,
      };
  }
}

function serverFindings({ server }: NetcheckReport, diagnosis: Diagnosis | null): Finding[] {
  const { url, latencyMs, error } = server;
  if (latencyMs !== null) {
    return [
      ok('server_answers', `The server ${url} answers in ${formatLatency(latencyMs)}.`),
      ...events(diagnosis),
    ];
  }
  if (error?.code === 'CONTROL_UNAVAILABLE') {
    return [
      {
        code: 'server_silent',
        severity: 'problem',
        message: `The server ${url} does not answer as it should.`,
        advice: `${error.message} The party that you are in goes on without it.`,
      },
    ];
  }
  const message = `The server ${url} refuses: ${error?.code}`;
  return [{ code: 'server_refuses', severity: 'problem', message, advice: error?.message ?? null }];
}

function events(diagnosis: Diagnosis | null): Finding[] {
  if (!diagnosis) return [];
  if (diagnosis.controlConnected) return [ok('events_arrive', 'The agent is signed in and receives events.')];
  const { controlFault: fault } = diagnosis;
  if (fault && fault.code !== 'CONTROL_UNAVAILABLE') {
    const message = `The server answers, but does not let the agent in: ${fault.code}`;
    return [{ code: 'sign_in_refused', severity: 'problem', message, advice: fault.message }];
  }
  const proxies = 'It keeps trying. If this persists, a proxy on the way has to let WebSockets through.';
  return [
    {
      code: 'events_missing',
      severity: 'warning',
      message: 'The server answers, but the agent receives no events: its WebSocket is not open.',
      advice: fault ? `${fault.message} ${proxies}` : proxies,
    },
  ];
}

function networkFindings(network: NetcheckReport, diagnosis: Diagnosis | null): Finding[] {
  const { ipv4, natInfo } = network;
  if (ipv4.way === 'none' && natInfo.relayOnly) return [{ code: 'no_ipv4', severity: 'problem', ...noIpv4 }];
  if (ipv4.way !== 'nat64') return natFindings(network, diagnosis);
  const message = `This network has only IPv6. IPv4 addresses are reached through its NAT64, ${ipv4.prefix}.`;
  return [{ code: 'nat64', severity: 'info', message, advice: null }, ...natFindings(network, diagnosis)];
}

function natFindings(
  { server, stunServers, refused, natInfo }: NetcheckReport,
  diagnosis: Diagnosis | null,
): Finding[] {
  if (stunServers.length === 0 && refused.length > 0) return [];
  if (stunServers.length === 0) return [nothingToAsk(server.error === null)];
  const silence = silenceFindings(stunServers, server.latencyMs !== null, diagnosis);
  if (natInfo.relayOnly) return silence;
  const { message, advice } = natTexts[natInfo.natType];
  const isMapped = diagnosis?.portMapping.state === 'mapped';
  const where = natInfo.publicEndpoint ? `, seen at ${splitEndpoint(natInfo.publicEndpoint).address}` : '';
  const nat: Finding = {
    code: `nat_${natInfo.natType}`,
    severity: isMapped ? 'ok' : natSeverities[natInfo.natType],
    message: `Your NAT is ${natName(natInfo)}${where}. ${isMapped ? 'Others reach you through the mapped port.' : message}`,
    advice: isMapped ? null : advice,
  };
  return [...silence, nat, ...stunFindings(stunServers)];
}

const natSeverities: Record<NatType, Severity> = {
  open: 'ok',
  full_cone: 'ok',
  restricted_cone: 'ok',
  port_restricted_cone: 'ok',
  symmetric: 'warning',
  unknown: 'info',
};

function stunServerRefused(refused: readonly Endpoint[]): Finding {
  return {
    code: 'stun_server_refused',
    severity: 'problem',
    message: `The server names STUN servers to which it must not send players: ${refused.slice(0, 3).join(', ')}`,
    advice:
      'Do not trust this server, or tell its operator: a relay needs an address as public as the server, and ports above 1023.',
  };
}

function nothingToAsk(isServerThere: boolean): Finding {
  if (isServerThere) {
    return {
      code: 'no_stun_server',
      severity: 'problem',
      message: 'The server names no STUN server, so no relay is connected to it.',
      advice: 'Tell the operator: without a relay players may not reach each other.',
    };
  }
  return {
    code: 'nat_not_examined',
    severity: 'info',
    message: 'Your router could not be examined, as no STUN server is known.',
    advice: 'The server names some when it answers; LANRAGE_STUN_SERVERS can name others.',
  };
}

/** One for each relay, which may have several endpoints, and for each other server. */
function stunFindings(stunServers: readonly StunServerReport[]): Finding[] {
  const nameOf = ({ relay, endpoint }: StunServerReport) => (relay ? `relay ${relay.id}` : endpoint);
  const names = [...new Set(stunServers.map(nameOf))];
  return names.flatMap((name) => {
    const endpoints = stunServers.filter((stunServer) => nameOf(stunServer) === name);
    return endpoints[0] ? [stunFinding(endpoints[0], endpoints)] : [];
  });
}

function stunFinding({ relay, endpoint }: StunServerReport, endpoints: readonly StunServerReport[]): Finding {
  const times = endpoints.flatMap(({ roundTripMs }) => roundTripMs ?? []);
  const label = relay
    ? `The relay ${relay.id} (${relay.region})`
    : `The STUN server ${endpoint} from your settings`;
  if (times.length > 0)
    return ok('relay_answers', `${label} answers in ${formatLatency(Math.min(...times))}.`);
  const message = `${label} does not answer at ${endpoints.map((one) => one.endpoint).join(', ')}.`;
  if (!relay) {
    const advice = 'Correct LANRAGE_STUN_SERVERS, or take it out.';
    return { code: 'stun_server_silent', severity: 'info', message, advice };
  }
  const advice = 'Players who are connected through it cannot be reached now. Tell the operator.';
  return { code: 'relay_silent', severity: 'warning', message, advice };
}

function portMappingFindings({ status, settings, portMapping }: Diagnosis, natType: NatType): Finding[] {
  if (!settings.direct) {
    const message = 'Direct paths are switched off: everybody is reached via the relay.';
    return [{ code: 'direct_off', severity: 'info', message, advice: 'Unset LANRAGE_DIRECT to allow them.' }];
  }
  const needsNone = natType === 'open';
  if (!settings.portMapping) {
    const advice = needsNone ? null : 'Unset LANRAGE_PORT_MAPPING to ask the router for a port.';
    return [{ code: 'port_mapping_off', severity: 'info', message: 'Port mapping is switched off.', advice }];
  }
  const isAsked = status.status === 'in_party';
  if (!isAsked) {
    const message = 'The router is asked to map a port when you enter a party.';
    return [{ code: 'port_mapping_not_tried', severity: 'info', message, advice: null }];
  }
  return [mappingFinding(portMapping, natType)];
}

function guardFindings({ status }: Diagnosis): Finding[] {
  const guard = status.status === 'in_party' ? status.guard : null;
  if (!guard) return [];
  if (guard.state === 'off') {
    const message =
      'This machine is not guarded: other players can reach everything that listens on it, and what it forwards to.';
    return [{ code: 'not_guarded', severity: 'warning', message, advice: guard.detail }];
  }
  const guarded = ok('guarded', `Other players reach ${exposureText(guard.exposure)}.`);
  if (!guard.forwarding) return [guarded];
  const message =
    'Packets may pass between the tunnel and other networks of this machine, such as containers.';
  const advice = 'Unset LANRAGE_FORWARD to keep them apart.';
  return [guarded, { code: 'forwarding_on', severity: 'info', message, advice }];
}

const protocolNames = { pcp: 'PCP', nat_pmp: 'NAT-PMP', upnp: 'UPnP' } as const;

function mappingFinding(portMapping: Diagnosis['portMapping'], natType: NatType): Finding {
  const { state, endpoint, protocol, gateway, detail } = portMapping;
  const reachesEverybody = natType === 'open' || natType === 'full_cone';
  const severity = reachesEverybody ? 'info' : 'warning';
  const router = gateway ? `The router ${gateway}` : 'The router';
  const because = detail ? `: ${detail}` : '';
  switch (state) {
    case 'mapped':
      return ok(
        'port_mapped',
        `${router} maps ${endpoint} to you${protocol ? `, using ${protocolNames[protocol]}` : ''}.`,
      );
    case 'none': {
      const message = `${router} has not answered PCP, NAT-PMP or UPnP so far, so no port is mapped.`;
      const advice = reachesEverybody ? null : 'Switch on UPnP or NAT-PMP in the router, if it has that.';
      return { code: 'port_not_mapped', severity: 'info', message, advice };
    }
    case 'refused': {
      const advice = 'Allow this machine to map ports, in the router under UPnP or NAT-PMP.';
      return { code: 'port_refused', severity, message: `${router} maps no port${because}.`, advice };
    }
    case 'double_nat': {
      const message = `${router} maps ports, but stands behind another NAT itself${because}.`;
      const advice =
        'If the other one is yours, make it a plain modem (bridge mode), or forward a UDP port in both. If it is the ' +
        "provider's, ask for a public address.";
      return { code: 'port_double_nat', severity, message, advice };
    }
  }
}

function ok(code: FindingCode, message: string): Finding {
  return { code, severity: 'ok', message, advice: null };
}
