// Runs a compiled program of dist/ with the code that V8 made of it when it was compiled (scripts/code-cache.mjs): a command
// answers in two thirds of the time. Another version of Node refuses that code, and compiles the program again.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';

/** What Node wraps a CommonJS module in. */
const [HEAD, TAIL] = ['(function (exports, require, module, __filename, __dirname) {', '\n});'];

/**
 * @param name of the program, as scripts/programs.mjs has it
 * @param keepsCode whether to write the code for the next time, when the process exits
 */
export function loadProgram(name, keepsCode = false) {
  const file = fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url));
  const cache = file.replace(/js$/, 'code');
  if (!existsSync(file)) {
    console.error('LANrage is not built yet. Run this first: npm run setup');
    process.exit(1);
  }
  const script = new Script(`${HEAD}${readFileSync(file, 'utf8')}${TAIL}`, {
    filename: file,
    cachedData: existsSync(cache) ? readFileSync(cache) : undefined,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  // What is compiled only when it is called for the first time is in it as well.
  if (keepsCode) process.on('exit', () => writeFileSync(cache, script.createCachedData()));
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
}
