/** The files of a page, as the server and the agent serve theirs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A file that is read once; its `etag` is another when its content is. */
export interface PageFile {
  readonly content: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** Only what comes from the same place, in no frame, and no text that becomes markup. */
const contentSecurityPolicy = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'connect-src', 'img-src'].map((kind) => `${kind} 'self'`),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((kind) => `${kind} 'none'`),
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** @param type MIME type, with the charset of text @throws an error of the system, such as ENOENT */
export function readPageFile(path: string, type: string): PageFile {
  const content = readFileSync(path);
  return {
    content,
    type,
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
  };
}

/** Browsers ask each time whether a file has changed, so that the files of a page always fit together. */
export function pageHeaders({ type, etag }: PageFile): Readonly<Record<string, string>> {
  return {
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': contentSecurityPolicy,
    'Content-Type': type,
    ETag: etag,
  };
}
