/** Talks to the agent that serves this page. */
import type { ErrorBody } from '#shared/api/rest';
import { EventReader } from '../agent/sse';
import type { AgentEvent } from './model';

/** What the agent refused, in its words. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The agent's token. It stays in this tab, so that reloading the page works. */
let token = '';
const TOKEN_KEY = 'lanrage-token';
const RETRY_MS = 1000;
export const WRONG_TOKEN = 'WRONG_LOCAL_TOKEN';

/** The invitation with which the page was opened, until it is taken. */
let invitation: string | null = null;

export function takeInvitation(): string | null {
  const taken = invitation;
  invitation = null;
  return taken;
}

/** Takes the token out of the address, where it could be seen, and an invitation with it. @returns whether there is a token */
export function takeToken(): boolean {
  const [, given, link] = /^#token=([\w-]+)(?:&join=([\w.~%!'()*-]+))?$/.exec(location.hash) ?? [];
  if (link !== undefined) invitation = link;
  if (given !== undefined) {
    sessionStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  token = sessionStorage.getItem(TOKEN_KEY) ?? '';
  return token !== '';
}

/** @throws Refusal; its code is AGENT_AWAY when nobody answers */
export async function ask<Answer>(operation: string, request: object = {}): Promise<Answer> {
  const response = await reach(`v1/${operation}`, { method: 'POST', body: JSON.stringify(request) });
  return (await response.json()) as Answer;
}

export interface Listener {
  hear(event: AgentEvent): void;
  /** Events arrive. */
  connected(): void;
  /** They do not, and will be tried for again, unless the token is wrong. */
  lost(refusal: Refusal): void;
}

/** Hears of what happens for as long as the page is there; what was missed meanwhile is told when the agent is back. */
export async function listen(listener: Listener): Promise<void> {
  let lastId: string | undefined;
  for (;;) {
    try {
      const headers: Record<string, string> = lastId === undefined ? {} : { 'Last-Event-ID': lastId };
      const response = await reach('v1/events', { headers });
      const reader = new EventReader();
      listener.connected();
      for await (const text of textsOf(response)) {
        for (const { id, event, data } of reader.read(text)) {
          lastId = id;
          listener.hear({ event, data: JSON.parse(data) as unknown } as AgentEvent);
        }
      }
      throw stopped();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      listener.lost(error);
      if (error.code === WRONG_TOKEN) return;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** What arrives, piece by piece. @throws Refusal when it breaks off */
async function* textsOf({ body }: Response): AsyncGenerator<string, void> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const piece = await reader?.read().catch(() => {
      throw stopped();
    });
    if (!piece || piece.done) return;
    yield decoder.decode(piece.value, { stream: true });
  }
}

function stopped(): Refusal {
  return new Refusal('AGENT_AWAY', 'The agent has stopped.');
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  const headers = { ...init.headers, Authorization: `Bearer ${token}` };
  const options = { ...init, headers, cache: 'no-store', referrerPolicy: 'no-referrer' } as const;
  const response = await fetch(path, options).catch(() => null);
  if (!response) {
    const message = 'The agent does not answer. Start it again, and open its page with: lanrage ui';
    throw new Refusal('AGENT_AWAY', message);
  }
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as Partial<ErrorBody>;
  throw new Refusal(error?.code ?? 'INTERNAL', error?.message ?? 'The agent does not answer as it should.');
}
