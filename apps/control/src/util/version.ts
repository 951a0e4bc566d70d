import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { findUpwards } from './files';

const manifest: unknown = JSON.parse(readFileSync(findUpwards(__dirname, 'package.json'), 'utf8'));

/** Of the whole project. */
export const { version } = z.object({ version: z.string() }).parse(manifest);
