import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';

/** Stricter than what holds for the rest of the server: only what comes from here, and no text that becomes markup. */
const contentSecurityPolicy = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'connect-src', 'img-src'].map((kind) => `${kind} 'self'`),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((kind) => `${kind} 'none'`),
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const html = asset('index.html', 'text/html; charset=utf-8');
const style = asset('page.css', 'text/css; charset=utf-8');
const script = asset('page.js', 'text/javascript; charset=utf-8');
const icon = asset('icon.svg', 'image/svg+xml');

interface Asset {
  readonly content: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** The page itself: four files, read once. Browsers ask each time whether they changed, so that they always fit. */
@ApiExcludeController()
@Controller()
export class PageController {
  @Get()
  page(@Res() response: Response): void {
    send(response, html);
  }

  @Get('page.css')
  style(@Res() response: Response): void {
    send(response, style);
  }

  @Get('page.js')
  script(@Res() response: Response): void {
    send(response, script);
  }

  @Get('icon.svg')
  icon(@Res() response: Response): void {
    send(response, icon);
  }
}

/** The build copies the folder beside the compiled code. */
function asset(name: string, type: string): Asset {
  const content = readFileSync(join(__dirname, 'assets', name));
  return {
    content,
    type,
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
  };
}

/** 304 without a body when the browser has it already; Express compares the tags. */
function send(response: Response, { content, type, etag }: Asset): void {
  response.set({
    'Content-Type': type,
    'Content-Security-Policy': contentSecurityPolicy,
    'Cache-Control': 'no-cache',
    ETag: etag,
  });
  response.send(content);
}
