// `node run-typescript.mjs FILE`: a process of its own for a TypeScript file, whatever loaded the parent.
import { requireTypeScript } from './typescript.mjs';

requireTypeScript()(process.argv[2]);
