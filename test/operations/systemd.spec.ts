import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './dockerfile';

describe('the unit for systemd', () => {
  const unit = execFileSync(process.execPath, [join(root, 'scripts/systemd-unit.mjs')], { encoding: 'utf8' });
  const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1];

  it('starts what there is, again and again, and not as root', () => {
    expect(setting('Restart')).toBe('always');
    expect(setting('StartLimitIntervalSec')).toBe('0');
    expect(setting('User')).toBe('lanrage');
    const [program = '', script = ''] = setting('ExecStart')?.split(' ') ?? [];
    expect([program, existsSync(script)]).toEqual([process.execPath, true]);
  });
});
