/**
 * Is a relay dead, or only its link to the control plane? Pure.
 *
 * A relay forwards on while its link is down, so a lost link alone says nothing. The control plane therefore asks every
 * relay's STUN service, twice a second. Silence counts only where there were answers before: there may be a firewall in
 * between. Four questions without an answer while the link is down mean death. While the link seems up, which it does
 * for 35 s after somebody pulled the plug, two of them are a reason to ask over the link; it is dead if it is silent there,
 * too.
 */

export interface Pulse {
  /** Whether it has ever answered, so that silence means something. */
  readonly hasAnswered: boolean;
  /** Questions since the last answer. */
  readonly unanswered: number;
}

export const probing = { intervalMs: 500, suspectAfter: 2, deadAfter: 4 } as const;

export const noPulse: Pulse = { hasAnswered: false, unanswered: 0 };

export function asked({ hasAnswered, unanswered }: Pulse): Pulse {
  return { hasAnswered, unanswered: unanswered + 1 };
}

export function answered(): Pulse {
  return { hasAnswered: true, unanswered: 0 };
}

/** To be asked before the next question is. @param isLinked whether the link seems to be up */
export function judge(
  { hasAnswered, unanswered }: Pulse,
  isLinked: boolean,
): 'alive' | 'suspect' | 'dead' | 'unknown' {
  if (!hasAnswered) return isLinked ? 'alive' : 'unknown';
  if (isLinked) return unanswered >= probing.suspectAfter ? 'suspect' : 'alive';
  return unanswered >= probing.deadAfter ? 'dead' : 'alive';
}
