/** The little that the parts of the page have in common. Text goes in as text: nothing here makes markup of it. */

type Child = Node | string;
interface Properties {
  readonly class?: string;
  readonly [attribute: string]: string | boolean | ((event: Event) => void) | undefined;
}

const NOTICE_MS = 4000;
let noticeTimer: ReturnType<typeof setTimeout> | undefined;

/** An element of index.html. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no ${id}`);
  return element as Kind;
}

/** A new element. Properties are attributes; `true` is one without a value, and functions listen to clicks. */
export function element(tag: string, properties: Properties = {}, ...children: Child[]): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener('click', value);
    else if (value !== false && value !== undefined) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children);
  return made;
}

/** A name that somebody chose, set apart, so that its letters reorder nothing around it. */
export function nameOf(text: string): HTMLElement {
  return element('bdi', {}, text);
}

/** Replaced only when it changed, so that nothing is read out or loses its place for nothing. */
export function setText(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}

const shown = new WeakMap<HTMLElement, string>();

/** Fills a place anew when what it shows has changed. The focus stays at the element of the same label. */
export function fill(place: HTMLElement, facts: unknown, make: () => Child[]): void {
  const key = JSON.stringify(facts);
  if (shown.get(place) === key) return;
  shown.set(place, key);
  const focused = place.contains(document.activeElement) ? labelOf(document.activeElement) : null;
  place.replaceChildren(...make());
  if (focused === null) return;
  const same = [...place.querySelectorAll<HTMLElement>('button, a, input')].find(
    (one) => labelOf(one) === focused,
  );
  (same ?? byId('title')).focus();
}

function labelOf(one: Element | null): string {
  return one?.getAttribute('aria-label') ?? one?.textContent ?? '';
}

/** Says something for a moment, to those who see and to those who hear. */
export function say(text: string): void {
  clearTimeout(noticeTimer);
  byId('said').textContent = text;
  noticeTimer = setTimeout(() => (byId('said').textContent = ''), NOTICE_MS);
}

/** A text with a button that copies it. @param what it is, for those who hear the button alone */
export function copyable(text: string, what: string): HTMLElement {
  const code = element('code', {}, text);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => say('Copied.'),
      () => {
        getSelection()?.selectAllChildren(code);
        say('Selected. Copy it with Ctrl+C.');
      },
    );
  return element(
    'div',
    { class: 'command' },
    element('pre', {}, code),
    element('button', { type: 'button', 'aria-label': `Copy ${what}`, click: () => void copy() }, 'Copy'),
  );
}

/** Does something that may be refused: says why, in the place for it. @returns whether it was done */
export async function attempt(place: HTMLElement, work: () => Promise<unknown>): Promise<boolean> {
  place.textContent = '';
  try {
    await work();
    return true;
  } catch (error) {
    place.textContent = error instanceof Error ? error.message : String(error);
    return false;
  }
}

/** What stands in a field of a form; of a password every space counts. */
export function valueIn(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  if (typeof value !== 'string') return '';
  return name === 'password' ? value : value.trim();
}

/** Handles a form by a function, one time after the other. Its button stays on, as it has the focus. */
export function onSubmit(form: HTMLFormElement, fault: HTMLElement, work: () => Promise<unknown>): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    once(form, () => attempt(fault, work));
  });
}

/** Does something unless it is being done already. */
export function once(place: HTMLElement, work: () => Promise<unknown>): void {
  if (place.ariaBusy === 'true') return;
  place.ariaBusy = 'true';
  void work().finally(() => (place.ariaBusy = 'false'));
}
