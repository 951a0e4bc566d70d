/** What round trips to relays come to. Pure. */
import type { ServerInfo } from '#shared/api/rest';
import type { Endpoint } from '#shared/endpoint';
import { MAX_MEASURED_RELAYS } from '#shared/api/party';
import type { ServerRoundTrip } from './discovery';

export type RelayInfo = ServerInfo['relays'][number];

/** A relay and how far away it is. */
export interface RelayFigure {
  readonly id: string;
  readonly region: string;
  /** null: no answer. */
  readonly roundTripMs: number | null;
}

/** The relays that are measured, each with the endpoint that is asked; IPv4 so far. */
export function measurable(relays: readonly RelayInfo[]): { relay: RelayInfo; endpoint: Endpoint }[] {
  return relays
    .flatMap((relay) => {
      const endpoint = relay.stunEndpoints.find((each) => !each.startsWith('['));
      return endpoint ? [{ relay, endpoint }] : [];
    })
    .slice(0, MAX_MEASURED_RELAYS);
}

/** The figure for several probes of one relay, of which null was not answered: their median. */
export function figureOf({ id, region }: RelayInfo, probesMs: readonly (number | null)[]): RelayFigure {
  const answered = probesMs.flatMap((each) => each ?? []).sort((a, b) => a - b);
  const middle = answered[Math.floor((answered.length - 1) / 2)];
  return { id, region, roundTripMs: middle === undefined ? null : Math.round(middle * 10) / 10 };
}

/** Figures from what a NAT detection saw of the relays' STUN servers: of each the quickest answer. */
export function figuresFrom(
  relays: readonly RelayInfo[],
  stunServers: readonly ServerRoundTrip[],
): RelayFigure[] {
  return measurable(relays).flatMap(({ relay }) => {
    const asked = stunServers.filter(({ endpoint }) => relay.stunEndpoints.includes(endpoint));
    const answers = asked.flatMap(({ roundTripMs }) => roundTripMs ?? []);
    if (asked.length === 0) return [];
    return [figureOf(relay, answers.length > 0 ? [Math.min(...answers)] : [])];
  });
}

/** Milliseconds, and share of the former round trip: less of a difference is nothing to speak of. */
const DIFFERENCE = { ms: 3, share: 0.1 } as const;

/** Whether these differ enough from the former ones to be reported. */
export function areOtherFigures(former: readonly RelayFigure[], latter: readonly RelayFigure[]): boolean {
  const before = new Map(former.map(({ id, roundTripMs }) => [id, roundTripMs]));
  return (
    before.size !== latter.length ||
    latter.some(({ id, roundTripMs }) => isOther(before.get(id), roundTripMs))
  );
}

function isOther(before: number | null | undefined, now: number | null): boolean {
  if (before === undefined || before === null || now === null) return before !== now;
  return Math.abs(now - before) > Math.max(DIFFERENCE.ms, DIFFERENCE.share * before);
}

/** The nearest first, those that do not answer last. */
export function nearestFirst(figures: readonly RelayFigure[]): RelayFigure[] {
  const rank = ({ roundTripMs }: RelayFigure) => roundTripMs ?? Number.MAX_VALUE;
  return [...figures].sort((a, b) => rank(a) - rank(b));
}

/** As the control plane wants to hear them; undefined while nothing was measured. */
export function reportOf(figures: readonly RelayFigure[]): Record<string, number | null> | undefined {
  if (figures.length === 0) return undefined;
  return Object.fromEntries(figures.map(({ id, roundTripMs }) => [id, roundTripMs]));
}
