/** What the page draws: a graph of round trips, and the QR code of a link. */
import { encode } from 'uqr';
import type { Pings } from './model';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 120;
const HEIGHT = 28;
/** A round trip that reaches half of the height; slower ones bend the scale. */
const USUAL_MS = 50;
const QUIET_MODULES = 4;

function drawing(tag: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

export function graph(): {
  readonly picture: SVGElement;
  readonly draw: (pings: Pings, most: number) => void;
} {
  const picture = drawing('svg', {
    class: 'graph',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    width: WIDTH,
    height: HEIGHT,
    'aria-hidden': 'true',
  });
  const line = drawing('path', { class: 'line' });
  picture.append(line);
  return { picture, draw: (pings, most) => line.setAttribute('d', pathOf(pings, most)) };
}

/** A gap where there was no answer. */
function pathOf(pings: Pings, most: number): string {
  const step = WIDTH / most;
  const from = WIDTH - pings.length * step;
  let isDrawn = false;
  return pings
    .map((latencyMs, index) => {
      if (latencyMs === null) {
        isDrawn = false;
        return '';
      }
      const x = (from + (index + 0.5) * step).toFixed(1);
      const y = (HEIGHT - 2 - (HEIGHT - 4) * (latencyMs / (latencyMs + USUAL_MS))).toFixed(1);
      const command = isDrawn ? `L${x} ${y}` : `M${x} ${y}h.1`;
      isDrawn = true;
      return command;
    })
    .join('');
}

/** Dark on light in any theme, as readers want it. */
export function qrCode(text: string): SVGElement {
  const { data, size } = encode(text, { border: QUIET_MODULES });
  const picture = drawing('svg', {
    class: 'qr',
    viewBox: `0 0 ${size} ${size}`,
    role: 'img',
    'aria-label': 'QR code of the invite link',
    'shape-rendering': 'crispEdges',
  });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  picture.append(
    drawing('rect', { width: size, height: size, fill: '#fff' }),
    drawing('path', { d: dark.join(''), fill: '#000' }),
  );
  return picture;
}
