import { networkInterfaces } from 'node:os';
import { send, TestAgent } from '../../e2e/support/control-agent';
import type { Attack } from '../attack';
import { startAttackedControl } from '../attacked-control';
import { behindProxy } from './server';

const searches = ['%00', 'a%00b', '%ed%a0%80', '%ff', '%27%3b--', '%25%5f%5c', '%e3%85%a4', 'x'.repeat(5000)];
const cursors = ['%00', '1-%00', '999999999999999-aaaaaaaaaaaa', '-1-aaaaaaaaaaaa'];
const invisible = [
  '\u3164',
  '\u2800',
  '\u3164\u2800',
  '\u200b',
  '\u{e0061}',
  '\u202ename',
  'a\0',
  '\u00ad',
  ' ',
];

/** Looks for what breaks a search, and for names that nobody can see. */
export const hostileText: Attack = {
  name: 'hostile text in searches and names',
  attacker: 'stranger',
  play: behindProxy({}, async ({ url }) => {
    const through: string[] = [];
    const paths = [...searches.map((text) => `search=${text}`), ...cursors.map((text) => `cursor=${text}`)];
    for (const path of paths) {
      const { status } = await send(url, 'GET', `/v1/parties?${path}`);
      if (status >= 500) through.push(path.slice(0, 40));
    }
    const agent = await TestAgent.signIn(url);
    const { id } = await agent.create();
    for (const name of invisible) {
      const guest = await TestAgent.signIn(url);
      const answers = [
        await guest.tryCreate({ name }),
        await guest.tryCreate({ peerName: name }),
        await guest.tryJoin(id, name),
        await agent.ask('PATCH', id, { name }),
      ];
      for (const { status } of answers) if (status !== 400) through.push(`name ${JSON.stringify(name)}`);
    }
    return {
      tried: paths.length + 4 * invisible.length,
      through: through.length,
      note: [...new Set(through)].join(', '),
    };
  }),
};

/** Nobody elsewhere than on the server's machine, such as a member at a virtual address, may read its metrics. */
export const foreignMetrics: Attack = {
  name: 'metrics for somebody elsewhere',
  attacker: 'member',
  async play() {
    const control = await startAttackedControl({ LANRAGE_HTTP_BIND: '0.0.0.0' });
    try {
      const forwarded = ['10.66.3.7', '192.168.1.20', '127.0.0.1', '::1'];
      const headers = [
        ...forwarded.map((address) => ({ 'X-Forwarded-For': address })),
        ...forwarded.map((address) => ({ Forwarded: `for=${address}` })),
        { Via: '1.1 proxy' },
        { 'X-Real-IP': '10.66.3.7' },
      ];
      let [tried, through] = [0, 0];
      const read = async (url: string, options: RequestInit = {}) => {
        tried += 1;
        if ((await fetch(new URL('/metrics', url), options)).status !== 404) through += 1;
      };
      for (const header of headers) await read(control.url, { headers: header });
      // A private address of this machine stands for one of the tunnel: it is no loopback either.
      const { port } = new URL(control.url);
      for (const address of ownAddresses()) await read(`http://${address}:${port}`);
      return { tried, through };
    } finally {
      await control.stop();
    }
  },
};

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  return all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
}
