/** What a doctor says, for people. Pure: findings in, text for at most 80 columns out. */
import { COLUMNS, formatDuration, formatLatency, printable, wrap } from '#shared/terminal/text';
import type { Finding, PathFacts, Severity } from '../doctor/finding';

const LABEL_COLUMNS = 9;
const ARROW = '→ ';

export function renderFindings(findings: readonly Finding[]): string {
  return [summary(findings), '', ...findings.flatMap(renderFinding)].join('\n');
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  const counts = [plural(count('problem'), 'problem'), plural(count('warning'), 'warning')].filter(Boolean);
  return counts.length > 0 ? `${counts.join(', ')}.` : 'Nothing is wrong.';
}

function plural(count: number, word: string): string {
  if (count === 0) return '';
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function renderFinding({ code, severity, message, advice, peer, path }: Finding): string[] {
  const isWrong = severity === 'problem' || severity === 'warning';
  const sentence = `${peer ? `${peer.name}: ` : ''}${message}${isWrong ? ` (${code})` : ''}`;
  const paragraphs = [
    sentence,
    ...(path ? describePath(path) : []),
    ...(advice ? [`${ARROW}${advice}`] : []),
  ];
  const lines = paragraphs.flatMap(renderParagraph);
  return lines.map((line, index) => `${(index === 0 ? severity : '').padEnd(LABEL_COLUMNS)}${line}`);
}

function renderParagraph(text: string): string[] {
  const lines = wrap(printable(text), COLUMNS - LABEL_COLUMNS - ARROW.length);
  const indent = text.startsWith(ARROW) ? ' '.repeat(ARROW.length) : '';
  return lines.map((line, index) => (index === 0 ? line : `${indent}${line}`));
}

function describePath(path: PathFacts): string[] {
  const { connectionType, online, natType, peerNatType, directExpected } = path;
  const expectation = directExpected ? 'a direct path should work' : 'a direct path is unlikely';
  const nats = `Your NAT is ${natType}, theirs ${peerNatType}: ${expectation}.`;
  return [
    wayOf(path),
    ...(online ? [] : ['Their agent is not connected to the server right now.']),
    ...(connectionType === 'direct' ? [] : [nats]),
    ...nextAttempt(path),
  ].filter(Boolean);
}

function wayOf({ endpoint, sinceMs, latencyMs, latencyAgeMs }: PathFacts): string {
  if (sinceMs === null) return '';
  const where = endpoint ? `Packets have been sent to ${endpoint}` : 'There has been no path';
  const age =
    latencyAgeMs !== null && latencyAgeMs >= 2_000 ? `, measured ${formatDuration(latencyAgeMs)} ago` : '';
  const latency =
    latencyMs === null ? 'no ping was answered' : `a ping takes ${formatLatency(latencyMs)}${age}`;
  return `${where} for ${formatDuration(sinceMs)}; ${latency}.`;
}

function nextAttempt({ nextAttemptInMs }: PathFacts): string[] {
  if (nextAttemptInMs === null) return [];
  if (nextAttemptInMs === 0) return ['LANrage is looking for a direct path now.'];
  return [
    `LANrage looks for a direct path again in ${formatDuration(nextAttemptInMs)}, or when something changes.`,
  ];
}
