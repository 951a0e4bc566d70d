/** Messages in which one field is not what it should be, made from the message's schema. Pure. */
import type { $ZodType, $ZodTypes } from 'zod/v4/core';

export interface Spoiled {
  /** The path of the field, such as `members.0.virtualIp`. */
  readonly path: string;
  readonly message: unknown;
}

/**
 * What a server may put into any field: addresses, endpoints, sizes, times, texts for terminals, and other types. Their
 * number is a prime, so that every so-many-th message of all still has each value in some field.
 */
const hostileValues: readonly unknown[] = [
  ...[
    '8.8.8.8',
    '0.0.0.0',
    '127.0.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '10.66.0.0',
    '10.66.7.1',
    '10.66.0.2/0',
    '::1',
  ],
  ...[
    '8.8.8.8:53',
    '0.0.0.0:51900',
    '224.0.0.251:51900',
    '169.254.169.254:80',
    '10.66.0.9:51900',
    '[::]:51900',
    'a:1',
  ],
  ...[null, true, 0, -1, 0.5, 2 ** 31, 2 ** 53, 1e308],
  ...['', '\0', '\ud800', '\u001b[2J', '\u202Eabc', '../../etc/passwd', '__proto__', 'a'.repeat(100_000)],
  ...['10.66.0.2:51900', '192.0.2.1:1', 'LAN\r\nLAN'],
  ...['9999-12-31T23:59:59Z', '0000-01-01T00:00:00Z', 'https://evil.test/', 'javascript:alert(1)'],
  ...['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'f'.repeat(16), 'f'.repeat(12)],
  ...[
    [],
    {},
    [null],
    new Array<number>(10_000).fill(0),
    JSON.parse('{"__proto__":{"ok":true},"toString":null}'),
  ],
];

/** Every field of the message, with every hostile value. @throws Error when the message lacks a field of its schema */
export function spoil(schema: $ZodType, message: unknown): Spoiled[] {
  return fieldsOf(schema, message, []).flatMap((path) =>
    hostileValues.map((value) => ({ path: path.join('.'), message: replaced(message, path, value) })),
  );
}

type Path = readonly (string | number)[];

function fieldsOf(schema: $ZodType, value: unknown, path: Path): Path[] {
  const { def } = (schema as $ZodTypes)._zod;
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape).flatMap(([name, field]) => {
        if (!Object.hasOwn(value as object, name))
          throw new Error(`the message lacks ${[...path, name].join('.')}`);
        const inner = (value as Record<string, unknown>)[name];
        return [[...path, name], ...fieldsOf(field, inner, [...path, name])];
      });
    case 'array': {
      const [first] = value as unknown[];
      if (first === undefined) throw new Error(`the message has nothing in ${path.join('.')}`);
      return [[...path, 0], ...fieldsOf(def.element, first, [...path, 0])];
    }
    case 'record': {
      const [entry] = Object.entries(value as object) as [string, unknown][];
      if (!entry) throw new Error(`the message has nothing in ${path.join('.')}`);
      return [[...path, entry[0]], ...fieldsOf(def.valueType, entry[1], [...path, entry[0]])];
    }
    case 'nullable':
    case 'optional':
    case 'default':
      return value === null || value === undefined ? [] : fieldsOf(def.innerType, value, path);
    case 'pipe':
      return fieldsOf(def.in, value, path);
    default:
      return [];
  }
}

function replaced(message: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  const copy = (Array.isArray(message) ? [...(message as unknown[])] : { ...(message as object) }) as Record<
    string | number,
    unknown
  >;
  copy[step] = replaced(copy[step], rest, value);
  return copy;
}
