/** Which ways this machine's packets take, from the answer of ip(8). Pure. */
import { z } from 'zod';
import { interfaceKind } from './interface-kind';

const routesSchema = z.array(
  z.object({
    type: z.string().default('unicast'),
    dst: z.string(),
    gateway: z.string().optional(),
    dev: z.string().default(''),
    table: z.string().default('main'),
    metric: z.number().optional(),
    prefsrc: z.string().optional(),
  }),
);

/** Destinations of links, not of networks (RFC 4291 section 2.4). */
const ofOneLink = /^(?:fe80::|ff00::)/;

/**
 * Two texts that differ: packets to the internet, or to a network around, go another way. Routes of the tunnel and of networks
 * inside this machine are left out, and so is what changes by itself, such as how long a router is known for.
 *
 * @param text of `ip -json route show table all`
 * @param tunnel the interface of the party
 */
export function waysOf(text: string, tunnel: string): string {
  const routes = routesSchema.parse(JSON.parse(text));
  return routes
    .filter(({ type, dst, dev, table }) => {
      return (
        type === 'unicast' && table !== 'local' && dev !== tunnel && !ofOneLink.test(dst) && dev !== 'lo'
      );
    })
    .filter(({ dev }) => interfaceKind(dev) !== 'inner')
    .map(({ dst, gateway, dev, table, metric, prefsrc }) =>
      [table, dst, gateway, dev, metric, prefsrc].map((part) => part ?? '-').join(' '),
    )
    .sort()
    .join('\n');
}

/**
 * Whether a change is an interface coming, going, or getting an address, with the routes that the kernel makes of itself then: it
 * takes no packets from other ways.
 * @param line of `ip -oneline monitor link address route`
 */
export function isOfInterface(line: string, name: string): boolean {
  const itself = /^(?:Deleted )?\d+: ([^\s:@]+)/.exec(line)?.[1];
  const kernelRoute = / dev (\S+) .*\bproto kernel\b/.exec(line)?.[1];
  return (itself ?? kernelRoute) === name;
}
