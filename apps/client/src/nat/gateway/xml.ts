/**
 * As much XML as UPnP's answers need. Pure. Routers write XML that a strict parser refuses, and no answer has a use for
 * entities of its own, attributes or nesting; so this reads texts between tags, in linear time, and expands nothing but
 * the five entities that XML predefines.
 */

export interface LeafElement {
  /** Without a namespace prefix. */
  readonly name: string;
  readonly text: string;
}

const leaf = /<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]*)?>([^<>]*)<\/(?:[\w.-]+:)?\1\s*>/g;
const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The elements without children, in their order. */
export function leafElements(xml: string): LeafElement[] {
  return [...xml.matchAll(leaf)].map(([, name = '', text = '']) => ({ name, text: unescape(text.trim()) }));
}

/** The text of the first element with this name that has no children; undefined when there is none. */
export function leafText(xml: string, name: string): string | undefined {
  return leafElements(xml).find((element) => element.name === name)?.text;
}

/** What is inside of each element of a name that is not nested in itself. */
export function innerXmls(xml: string, name: string): string[] {
  const opening = new RegExp(`<(?:[\\w.-]+:)?${name}(?:\\s[^<>]*)?>`);
  const closing = new RegExp(`</(?:[\\w.-]+:)?${name}\\s*>`);
  return xml
    .split(opening)
    .slice(1)
    .map((part) => part.split(closing, 1)[0] ?? '');
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function unescape(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '');
}
