/**
 * Serves the player's page, and the API to it, at a port of the loopback interface; see local-guard.ts for whom. It is opened when
 * somebody wants the page, so that an agent which nobody looks at has no port.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pageHeaders, readPageFile, type PageFile } from '#runtime/page-file';
import { LanrageError } from '#shared/errors';
import { closed, limitedServer, type OpenDoor } from './local-doors';
import { admitVisit, type PageDoor } from './local-guard';
import { sendRefusal, type LocalApi } from './local-server';

export interface OpenPage extends OpenDoor {
  /** The page's address, with the token in its fragment, which browsers send nowhere. */
  readonly address: string;
}

const TOKEN_BYTES = 32;
/** The build puts it beside the compiled code. */
const FOLDER = join(__dirname, '../page/assets');
const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
} as const;

/** @throws LanrageError PAGE_MISSING */
export async function openPage(api: LocalApi): Promise<OpenPage> {
  const assets = readAssets();
  // The port is known only when it is open; until then nobody is let in.
  let door: PageDoor = { kind: 'page', host: '', token: randomBytes(TOKEN_BYTES).toString('base64url') };
  const server = limitedServer((request, response) => {
    const visit = (asked: IncomingMessage, answer: ServerResponse) => show(door, assets, asked, answer);
    api.listenerAt(door, visit)(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  door = { ...door, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  return {
    server,
    address: `http://${door.host}/#token=${door.token}`,
    close: () => closed(server),
  };
}

type Assets = ReadonlyMap<string, PageFile>;

function readAssets(): Assets {
  return new Map(Object.entries(files).map(([path, [name, type]]) => [path, readAsset(name, type)]));
}

function readAsset(name: string, type: string): PageFile {
  try {
    return readPageFile(join(FOLDER, name), type);
  } catch (cause) {
    throw new LanrageError('PAGE_MISSING', { cause });
  }
}

function show(door: PageDoor, assets: Assets, request: IncomingMessage, response: ServerResponse): void {
  try {
    admitVisit(door, request.headers);
    const asset = assets.get(request.url ?? '');
    if (!asset || request.method !== 'GET') throw new LanrageError('NOT_FOUND');
    for (const [name, value] of Object.entries(pageHeaders(asset))) response.setHeader(name, value);
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    if (request.headers['if-none-match'] === asset.etag) response.writeHead(304).end();
    else response.end(asset.content);
  } catch (error) {
    if (!(error instanceof LanrageError)) throw error;
    sendRefusal(response, error);
  }
}
