/** The settings of an agent as the local API shows them, in the words in which they are set. */
import type { ClientConfig } from '../config';
import { formatRange } from '../network/guard/exposure';
import { homePaths } from '../home';
import type { SettingsAnswer } from './local-api';

export function settingsAnswer(config: ClientConfig): SettingsAnswer {
  const { server, nickname, direct, portMapping, expose, discovery, forward, home } = config;
  return {
    server,
    nickname,
    direct,
    portMapping,
    expose: expose ?? null,
    discovery: typeof discovery === 'string' ? discovery : discovery.map(formatRange).join(','),
    forward,
    file: homePaths(home).settings,
  };
}
