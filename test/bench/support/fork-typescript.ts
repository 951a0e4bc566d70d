import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** A process of its own, so that those who make a load and those who measure it do not wait for each other. */
export function forkTypeScript(file: string): ChildProcess {
  return fork(join(__dirname, '../../../scripts/run-typescript.mjs'), [file], { execArgv: [] });
}
