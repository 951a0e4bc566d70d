import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unknownSettings } from '#shared/setting-names';

const root = join(__dirname, '../..');
const folders = ['.', 'docs', 'docs/adr', 'test/lab'];
const pages = folders.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

describe('the documentation', () => {
  it.each(pages)('%s links to files that exist', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const targets = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target ?? '');
    const missing = targets.filter(
      (target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target)),
    );
    expect(missing).toEqual([]);
  });

  it.each(['control', 'relay', 'client'])("lists every setting of %s in README's table", (app) => {
    const source = readFileSync(join(root, `apps/${app}/src/config.ts`), 'utf8');
    const settings = new Set(source.match(/\b(?:LANRAGE_[A-Z_]+[A-Z]|DATABASE_URL|REDIS_URL)\b/g));
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    expect(settings.size).toBeGreaterThan(0);
    expect([...settings].filter((setting) => !readme.includes(`\`${setting}\``))).toEqual([]);
  });

  it('names no setting that the programs take for a misspelt one', () => {
    const texts = [
      ...pages,
      '.env.example',
      'docker-compose.yml',
      'docker-compose.relay.yml',
      'docker-compose.bpf.yml',
    ];
    const named = texts.flatMap(
      (page) => readFileSync(join(root, page), 'utf8').match(/\bLANRAGE_[A-Z_]+[A-Z]\b/g) ?? [],
    );
    expect(named.length).toBeGreaterThan(100);
    expect(unknownSettings(Object.fromEntries(named.map((name) => [name, ''])))).toEqual([]);
  });

  const instructions = [
    ...pages,
    'scripts/start.mjs',
    'apps/control/src/page/assets/index.html',
    'apps/control/src/page/assets/page.js',
  ];

  /** npx runs what a registry or a folder above holds under that name; `sudo -E` hands a user's environment to root. */
  it.each(instructions)("%s has nobody run npx, or keep a user's environment, as root", (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    expect(text.match(/\bnpx\s.*\blanrage\b|\bsudo (?:-E|--preserve-env) \w/g)).toBeNull();
  });
});
