import { partyPageSchema } from '#shared/api/discovery';
import { send } from '../../e2e/support/control-agent';
import type { Attack } from '../attack';
import { behindProxy, creator } from './server';

const ADDRESS = '2001:db8:0:1::';
const PUBLIC = 20;
const ALL = 100;

/** Each party has a key of its own, made from one address and left to itself. */
export const throwAwayParties: Attack = {
  name: 'throw-away keys and their public parties',
  attacker: 'stranger',
  play: behindProxy(
    { LANRAGE_LIMIT_PARTIES: String(ALL), LANRAGE_LIMIT_PUBLIC_PARTIES: String(PUBLIC) },
    async ({ url }, { effort }) => {
      const tried = Math.max(2 * PUBLIC, Math.round(300 * effort));
      let open = 0;
      let hidden = 0;
      for (let index = 0; index < tried; index++) {
        const address = `${ADDRESS}${(index + 1).toString(16)}`;
        const made = await creator(url, address, { public: true, persistent: true, name: `Spam ${index}` });
        if (made) {
          open += 1;
          await made.agent.leave(made.id);
        } else if (await creator(url, address, { persistent: true })) hidden += 1;
      }
      const { body } = await send(url, 'GET', '/v1/parties?search=spam');
      const listed = partyPageSchema.parse(body).parties.length;
      const beyond = Math.max(0, open - PUBLIC) + Math.max(0, open + hidden - ALL);
      return { tried, through: listed + beyond, note: `${open} public, ${hidden} others, ${listed} listed` };
    },
  ),
};
