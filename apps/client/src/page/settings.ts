/** The settings of the agent, and how to start it with others. */
import type { z } from 'zod';
import type { settingsSchema } from '../agent/local-answers';
import { ask } from './api';
import { attempt, byId, element, fill, nameOf } from './dom';

type Settings = z.output<typeof settingsSchema>;

/** A setting in words, and the variable that gives it another value. */
interface Row {
  readonly name: string;
  readonly value: string;
  readonly variable: string;
}

/** They stay as they are for as long as the agent runs. */
export async function showSettings(): Promise<void> {
  await attempt(byId('settings-fault'), async () => {
    const settings = await ask<Settings>('settings');
    fill(byId('settings'), settings, () => rowsOf(settings).map(item));
    byId('settings-file').textContent = settings.file;
    byId('settings-place').hidden = false;
  });
}

function rowsOf({ nickname, direct, portMapping, expose, discovery, forward, server }: Settings): Row[] {
  return [
    { name: 'Your name, unless you give another one', value: nickname, variable: 'LANRAGE_NICKNAME=…' },
    {
      name: 'Direct paths to players',
      value: direct ? 'on' : 'off: all goes through the relay, and nobody learns your address',
      variable: `LANRAGE_DIRECT=${direct ? 'off' : 'on'}`,
    },
    {
      name: 'Asking the router for a port',
      value: portMapping ? 'on' : 'off',
      variable: `LANRAGE_PORT_MAPPING=${portMapping ? 'off' : 'on'}`,
    },
    {
      name: 'What players reach on this machine',
      value: exposureWords(expose),
      variable: `LANRAGE_EXPOSE=${expose === 'games' ? 'all' : 'games'}`,
    },
    {
      name: 'Games find each other by broadcasts',
      value: discovery,
      variable: `LANRAGE_DISCOVERY=${discovery === 'off' ? 'on' : 'off'}`,
    },
    {
      name: 'Packets to other networks of this machine',
      value: forward ? 'may pass' : 'may not pass',
      variable: `LANRAGE_FORWARD=${forward ? 'off' : 'on'}`,
    },
    { name: 'Server, unless a link leads to another', value: server, variable: 'LANRAGE_SERVER=…' },
  ];
}

function exposureWords(expose: string | null): string {
  if (expose === null) return 'all that listens; games alone in public parties';
  return { all: 'all that listens', games: 'games alone' }[expose] ?? expose;
}

function item({ name, value, variable }: Row): HTMLElement {
  return element(
    'li',
    {},
    element('p', {}, element('strong', {}, `${name}: `), nameOf(value)),
    element('p', { class: 'note' }, 'Otherwise: ', element('code', {}, variable)),
  );
}
