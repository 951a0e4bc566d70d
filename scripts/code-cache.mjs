// `node code-cache.mjs NAME`: runs a command once as it is usually run, and keeps the code that V8 made of it in dist/NAME.code.
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { loadProgram } from '../bin/load-program.mjs';
import { programs } from './programs.mjs';

const [node, , name] = process.argv;
process.argv = [node, name, ...programs[name].usual];
// A state folder where no agent is.
process.env['LANRAGE_HOME'] = join(tmpdir(), 'lanrage-code-cache');
loadProgram(name, true);
