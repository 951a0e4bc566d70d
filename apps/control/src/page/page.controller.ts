import { join } from 'node:path';
import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { pageHeaders, readPageFile, type PageFile } from '#runtime/page-file';

const html = asset('index.html', 'text/html; charset=utf-8');
const style = asset('page.css', 'text/css; charset=utf-8');
const script = asset('page.js', 'text/javascript; charset=utf-8');
const icon = asset('icon.svg', 'image/svg+xml');

/** The page itself: four files, read once. */
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
function asset(name: string, type: string): PageFile {
  return readPageFile(join(__dirname, 'assets', name), type);
}

/** 304 without a body when the browser has it already; Express compares the tags. */
function send(response: Response, file: PageFile): void {
  response.set(pageHeaders(file)).send(file.content);
}
