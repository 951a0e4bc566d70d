import { type Logger, pino } from 'pino';

/** JSON for programs; on a terminal each event on a line, without the settings, which README's table explains. */
export async function openLog(level: string): Promise<Logger> {
  const options = { name: 'relay', level };
  if (!process.stdout.isTTY) return pino(options);
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ ignore: 'pid,hostname,config', singleLine: true, sync: true }));
}
