import { InvalidArgumentError, Option } from 'commander';
import { contextOf, type CommonOptions } from './context';
import type { Frame } from './hosting-verbs';

interface InviteFlags {
  readonly expires?: number;
  readonly uses?: number;
}

const unitSeconds = { m: 60, h: 3_600, d: 86_400 } as const;

/** The verbs for invite links. */
export function addInviteVerbs({ verb, wholeNumber }: Frame): void {
  verb('invite', 'make an invite link for friends (host)', [
    'lanrage invite',
    'lanrage invite --expires 2h --uses 3',
    'lanrage invite --server http://192.0.2.1:8080    # as friends reach it',
  ])
    .addOption(
      new Option('--expires <time>', 'how long it is valid, such as 30m or 7d')
        .argParser(duration)
        .default(unitSeconds.d, '24h'),
    )
    .option('--uses <count>', 'how many may join with it', wholeNumber)
    .action(async ({ expires, uses, ...options }: CommonOptions & InviteFlags) =>
      (await import('./invites.js')).invite(contextOf(options), {
        expiresInSeconds: expires,
        maxUses: uses,
        server: options.server,
      }),
    );

  verb('invites', 'list the valid invite links (host)', ['lanrage invites']).action(
    async (options: CommonOptions) => (await import('./invites.js')).invites(contextOf(options)),
  );

  verb('uninvite', 'revoke an invite link (host)', ['lanrage uninvite 3f9a01c2'])
    .argument('<id>', 'see: lanrage invites')
    .action(async (id: string, options: CommonOptions) =>
      (await import('./invites.js')).uninvite(contextOf(options), id),
    );
}

function duration(text: string): number {
  const { count, unit = '' } = /^(?<count>\d{1,5})(?<unit>[mhd])$/.exec(text)?.groups ?? {};
  const seconds = Number(count) * unitSeconds[unit as keyof typeof unitSeconds];
  if (seconds >= 60 && seconds <= 30 * 86_400) return seconds;
  throw new InvalidArgumentError('It has to be 1m to 30d, such as 30m, 24h or 7d.');
}
