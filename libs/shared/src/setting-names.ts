/** The names of all settings, to tell a misspelt one, which no program would read. Pure. */

const PREFIX = 'LANRAGE_';

/** The settings of server, relay and agent, which may share an environment. README's tables explain them. */
const names: readonly string[] = [
  ...[
    'ADMIN_TOKEN',
    'CONTROL_URL',
    'DATA',
    'DATABASE_CONNECTIONS',
    'DIRECT',
    'DISCOVERY',
    'EXPOSE',
    'FORWARD',
    'HOME',
  ],
  ...['HTTP_BIND', 'HTTP_PORT', 'INTERFACE', 'LOG_LEVEL', 'METRICS_TOKEN', 'NICKNAME', 'PARTY_DEFAULT_PEERS'],
  ...['PARTY_KEEP_DAYS', 'PARTY_MAX_PEERS', 'PARTY_PASSWORD', 'PORT_MAPPING', 'PRESENCE_TIMEOUT_SECONDS'],
  ...['PUBLIC_ADDRESS', 'PUBLIC_URL', 'SERVER', 'TOKEN_LIFETIME_SECONDS', 'TOKEN_SECRET', 'TRUST_PROXY'],
  ...['ADMIN_TOKENS', 'CONNECTIONS', 'CREATES', 'JOINS', 'PARTIES', 'PASSWORDS', 'PERSISTENT_PARTIES'].map(
    limit,
  ),
  ...['PUBLIC_PARTIES', 'REQUESTS', 'SEARCHES', 'SIGN_INS'].map(limit),
  ...['BIND', 'DRAIN_SECONDS', 'FAST_PATH', 'ID', 'IDLE_HOURS', 'IO', 'METRICS_BIND', 'METRICS_PORT'].map(
    relay,
  ),
  ...['PORTS', 'REGION', 'SECRET', 'SECRETS'].map(relay),
  ...['ALTERNATE_ADDRESS', 'ALTERNATE_BIND', 'ALTERNATE_PORT', 'PORT', 'SERVERS'].map(
    (name) => `STUN_${name}`,
  ),
].map((name) => PREFIX + name);

/** How many characters a name needs for each mistyped one with which it is still recognised; one is always allowed. */
const CHARACTERS_PER_FAULT = 4;

/** Variables that look like settings and are none. @returns each with a sentence that names the one that is nearest */
export function unknownSettings(
  environment: Readonly<Record<string, string | undefined>>,
): { readonly name: string; readonly message: string }[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !names.includes(name))
    .map((name) => ({
      name,
      message: `${name} is no setting of LANrage${suggestion(name)}. It has no effect.`,
    }));
}

function suggestion(name: string): string {
  const byDistance = names.map((known) => [distance(name, known), known] as const);
  const [least = Infinity, nearest = ''] = byDistance.sort(([one], [other]) => one - other)[0] ?? [];
  const most = Math.max(1, Math.floor((name.length - PREFIX.length) / CHARACTERS_PER_FAULT));
  return least <= most ? `; ${nearest} is` : '';
}

/** How many characters have to be put in, taken out or replaced (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, character] of [...from].entries()) {
    const next = [index + 1];
    for (const [place, wanted] of [...to].entries()) {
      const replaced = (row[place] ?? 0) + (character === wanted ? 0 : 1);
      next.push(Math.min(replaced, (row[place + 1] ?? 0) + 1, (next[place] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function limit(name: string): string {
  return `LIMIT_${name}`;
}

function relay(name: string): string {
  return `RELAY_${name}`;
}
