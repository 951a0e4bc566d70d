/** What the doctor finds, and what to do about it. */
import type { z } from 'zod';
import type { doctorSchema } from '../agent/local-answers';
import { ask } from './api';
import { attempt, byId, element, nameOf, once } from './dom';

type Finding = z.output<typeof doctorSchema>['findings'][number];

const severityWords: Readonly<Record<Finding['severity'], string>> = {
  problem: 'Problem',
  warning: 'Could be better',
  info: 'Good to know',
  ok: 'Fine',
};

export function handleDoctor(): void {
  const button = byId('examine');
  button.addEventListener('click', () => once(button, examine));
}

/** Removes the findings, as they are of another time. */
export function forgetFindings(): void {
  byId('findings').replaceChildren();
  byId('doctor-status').textContent = '';
}

async function examine(): Promise<void> {
  const status = byId('doctor-status');
  const fault = byId('doctor-fault');
  status.textContent = 'Examining the server, the router and the players. This takes some seconds.';
  const isDone = await attempt(fault, async () => {
    const { findings } = await ask<z.output<typeof doctorSchema>>('doctor');
    byId('findings').replaceChildren(...findings.map(findingItem));
    const wrong = findings.filter(({ severity }) => severity === 'problem' || severity === 'warning').length;
    status.textContent =
      wrong === 0 ? 'Nothing is wrong.' : `${wrong} of ${findings.length} findings need attention.`;
  });
  if (!isDone) status.textContent = '';
}

function findingItem({ severity, message, advice, peer }: Finding): HTMLElement {
  const who = peer ? [nameOf(peer.name), ': '] : [];
  return element(
    'li',
    { class: severity },
    element('p', {}, element('strong', {}, `${severityWords[severity]}: `), ...who, message),
    ...(advice === null ? [] : [element('p', { class: 'note' }, advice)]),
  );
}
