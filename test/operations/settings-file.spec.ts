import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './dockerfile';

describe('.env, for npm start and npm run relay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lanrage-env-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Reads it, with one variable set already. */
  function read(path: string) {
    const module = join(root, 'scripts/settings-file.mjs');
    const script = `import { readSettingsFile } from ${JSON.stringify(module)};
      readSettingsFile(${JSON.stringify(path)});
      console.log(JSON.stringify([process.env.SET, process.env.READ]));`;
    const env = { PATH: process.env['PATH'], SET: 'before' };
    return spawnSync(process.execPath, ['--input-type=module', '--eval', script, 'argument'], {
      env,
      encoding: 'utf8',
    });
  }

  it('counts less than what is set already', () => {
    const path = join(folder, 'settings');
    writeFileSync(path, '# a comment\nSET=in the file\nREAD="in the file"\n');
    expect(JSON.parse(read(path).stdout)).toEqual(['before', 'in the file']);
  });

  it('may be missing', () => {
    expect(JSON.parse(read(join(folder, 'missing')).stdout)).toEqual(['before', null]);
  });

  it('that cannot be read is named', () => {
    const path = join(folder, 'folder');
    mkdirSync(path);
    expect(read(path)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(`^error SETTINGS_FILE_UNREADABLE: ${path} cannot be read`),
    });
  });
});
