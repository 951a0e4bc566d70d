import { load } from '../../bench/support/load';
import { codeOf, TestAgent } from '../../e2e/support/control-agent';
import type { Attack } from '../attack';
import { behindProxy, creator, from } from './server';

const ADDRESSES = 150;
const NETWORKS = 20;
const AT_ONCE = 12;
/** What all networks may try together, and then each of them, see docs/protocol.md. */
const allowed = 30 + 3 * NETWORKS;
const OTHERS = 5;

/** Somebody with many addresses guesses at one party, while others join theirs. */
export const guessedPasswords: Attack = {
  name: 'passwords guessed from many addresses',
  attacker: 'stranger',
  play: behindProxy({ LANRAGE_LIMIT_PASSWORDS: '5' }, async ({ url }, { effort }) => {
    const attacked = await creator(url, '198.51.100.1', { password: 'correct horse' });
    const other = await creator(url, '198.51.100.2', { password: 'battery staple' });
    if (!attacked || !other) throw new Error('no parties');
    const mallory = await TestAgent.signIn(url, 'Mallory');
    const count = Math.max(ADDRESSES, Math.round(5 * ADDRESSES * effort));
    const answers: string[] = [];
    const guess = async (index: number) => {
      const address = `203.0.${index % NETWORKS}.${1 + (index % ADDRESSES)}`;
      const body = { peerName: 'M', password: `guess ${index}` };
      answers.push(codeOf(await mallory.ask('POST', `${attacked.id}/join`, body, from(address))));
    };
    const guesses = load(
      AT_ONCE,
      Array.from({ length: count }, (_, index) => index),
      guess,
    );
    let kept = 0;
    for (let turn = 0; turn < OTHERS; turn++) {
      const friend = await TestAgent.signIn(url, 'Friend');
      const body = { peerName: 'Friend', password: 'battery staple' };
      const code = codeOf(await friend.ask('POST', `${other.id}/join`, body, from(`192.0.2.${turn + 1}`)));
      kept += code === 'done' ? 0 : 1;
    }
    await guesses;
    const looked = answers.filter((code) => code === 'WRONG_PASSWORD').length;
    const unexpected = answers.filter((code) => !['WRONG_PASSWORD', 'RATE_LIMITED'].includes(code)).length;
    return {
      tried: count,
      through: Math.max(0, looked - allowed) + unexpected + kept,
      note: `${looked} looked at, ${kept} of ${OTHERS} others kept out`,
    };
  }),
};
