import { readFileSync } from 'node:fs';
import { desktopEntry } from './desktop-entry';

describe('the desktop entry for invitations', () => {
  it('is the one of packages', () => {
    expect(desktopEntry(['lanrage'])).toBe(readFileSync('packaging/linux/lanrage.desktop', 'utf8'));
  });

  it('quotes a path with spaces, and takes none that means something', () => {
    expect(desktopEntry(['/opt/my games/lanrage'])).toContain('\nExec="/opt/my games/lanrage" open %u\n');
    for (const path of ['/a$b', '/a`b', '/a"b', '/a\\b', '/a%ub', '/a\nb'])
      expect(() => desktopEntry([path])).toThrow('move it');
  });
});
