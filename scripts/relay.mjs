// `npm run relay`: sets up, then runs a relay alone, for a control plane elsewhere.
import { createRequire } from 'node:module';
import { setup } from './setup.mjs';
import { readSettingsFile } from './settings-file.mjs';

setup();
readSettingsFile();
createRequire(import.meta.url)('../dist/relay.js');
