import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copies, readStages, root, stage } from './dockerfile';

const images = ['control', 'relay'];
const stages = readStages();

describe('the Dockerfile', () => {
  it('builds on exact versions, all of them the same', () => {
    const names = stages.map(({ name }) => name);
    const foreign = stages.map(({ base }) => base).filter((base) => !names.includes(base));
    expect(new Set(foreign).size).toBe(1);
    expect(foreign[0]).toMatch(/^node:\d+\.\d+\.\d+-[a-z]+-slim$/);
  });

  it('copies what is there, from stages that come before', () => {
    const made = new Set<string>();
    for (const one of stages) {
      for (const { from, sources } of copies(one)) {
        if (from === null) expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
        else expect([...made]).toContain(from);
      }
      made.add(one.name);
    }
  });

  it('lets into the build what it copies, and no generated, local or secret file', () => {
    const rules = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(rules[0]).toBe('*');
    const admitted = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    const copied = stages.flatMap(copies).flatMap(({ from, sources }) => (from === null ? sources : []));
    const tops = [...new Set(copied.map((path) => path.split('/')[0] ?? ''))];
    expect(admitted.sort()).toEqual(tops.sort());
    expect(rules).toContain('**/generated');
  });

  it.each(images)('gives %s no program, file or right that it does not need', (image) => {
    const { instructions } = stage(image);
    const names = instructions.map(({ name }) => name);
    expect(names).not.toContain('ADD');
    expect(names.at(-2)).toBe('USER');
    expect(instructions.at(-2)?.words).toEqual(['node']);
    expect(instructions.at(-1)?.words.join(' ')).toContain(`dist/${image}.js`);
    expect(names).toContain('HEALTHCHECK');
    for (const { words } of instructions.filter(({ name }) => name === 'RUN')) {
      const script = words.join(' ');
      if (!script.includes('apt-get install')) continue;
      expect(script).toMatch(/--no-install-recommends .*rm -rf \/var\/lib\/apt\/lists\/\*$/);
    }
  });

  it('installs dependencies of production alone into the images, and runs no script of a package', () => {
    const installs = stages.flatMap(({ name, instructions }) =>
      instructions.flatMap(({ words }) => {
        const script = words.join(' ');
        return /npm (?:ci|install)/.test(script) ? [[name, script] as const] : [];
      }),
    );
    expect(installs.map(([name]) => name)).toEqual(['build', 'control-packages', 'relay-packages']);
    for (const [name, script] of installs) {
      expect(script).toContain('--ignore-scripts');
      if (name !== 'build') expect(script).toContain('--omit=dev');
    }
  });

  it('contains no secret', () => {
    const set = stages.flatMap(({ instructions }) =>
      instructions.filter(({ name }) => name === 'ENV' || name === 'ARG').flatMap(({ words }) => words),
    );
    expect(set.filter((word) => /SECRET|TOKEN|PASSWORD|DATABASE_URL/.test(word))).toEqual([]);
  });
});
