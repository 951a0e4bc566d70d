/** The desktop's entry for lanrage:// links, see the Desktop Entry Specification of freedesktop.org. Pure. */
import { LanrageError } from '#shared/errors';

export const DESKTOP_FILE = 'lanrage.desktop';
export const SCHEME_TYPE = 'x-scheme-handler/lanrage';

/** @param command what runs `lanrage`; packaging/linux has the entry of the one in the PATH @throws LanrageError INTERNAL for a path that an entry cannot have */
export function desktopEntry(command: readonly string[]): string {
  return `[Desktop Entry]
Type=Application
Name=LANrage
Comment=LAN games with friends who are somewhere else
Exec=${command.map(quoted).join(' ')} open %u
Icon=lanrage
Terminal=false
NoDisplay=true
Categories=Game;Network;
MimeType=${SCHEME_TYPE};
`;
}

function quoted(part: string): string {
  if (/^[\w./-]+$/.test(part)) return part;
  if (/[\p{Cc}"`$\\%]/u.test(part))
    throw new LanrageError('INTERNAL', {
      message: `LANrage cannot be registered from ${JSON.stringify(part)}: move it to a folder with a plainer name.`,
    });
  return `"${part}"`;
}
