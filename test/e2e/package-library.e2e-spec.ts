import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './support/processes';

/** A compiler that is as strict as it can be, with the library's types as well. */
const compilerOptions = {
  module: 'nodenext',
  target: 'es2022',
  lib: ['es2023'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
};
/** What npm would install beside it. */
const beside = [
  'koffi',
  `@koromix/koffi-${process.platform}-${process.arch}`,
  'zod',
  '@types/node',
  'undici-types',
];

describe('the packed library', () => {
  let project: string;

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'lanrage-consumer-'));
    const script = join(root, 'scripts/package.mjs');
    execFileSync(process.execPath, [script, 'library', '--output', join(project, 'packages')], {
      stdio: 'pipe',
    });
    const library = join(project, 'node_modules/lanrage');
    mkdirSync(library, { recursive: true });
    const archive = execFileSync('sh', ['-c', 'echo packages/*.tgz'], {
      cwd: project,
      encoding: 'utf8',
    }).trim();
    execFileSync('tar', ['-xzf', archive, '--strip-components=1', '-C', library], { cwd: project });
    for (const name of beside)
      cpSync(join(root, 'node_modules', name), join(project, 'node_modules', name), { recursive: true });
    writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
    cpSync(join(root, 'test/fixtures/consumer.ts.txt'), join(project, 'main.ts'));
  }, 120_000);

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  const run = (script: string, ...args: string[]) =>
    execFileSync(process.execPath, [script, ...args], {
      cwd: project,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], LANRAGE_HOME: join(project, 'home') },
    });

  it('compiles in an empty project, strictly, and runs', () => {
    run(join(root, 'node_modules/typescript/bin/tsc'), '--project', project);
    expect(run('main.js')).toBe('no_party false\n');
  }, 120_000);

  it('is there for require, too', () => {
    expect(run('-p', "typeof require('lanrage').PartyManager")).toBe('function\n');
  });
});
