/** Values that a parser, a database or a log may stumble over, whatever the field is. */
import fc from 'fast-check';

/** In a value: stands for a number that JSON can spell and JavaScript cannot hold. See {@link spell}. */
const RAW = '\u2063raw ';
const LONG = 20_000;
const DEEP = 300;

const oddNumbers = [0, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 5e-324];
const oddTexts = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'a\udfff',
  '\u202e',
  '\ufeff',
  '\n\r',
  '%00',
  '%',
  '_',
  '\\',
  "' or 1=1 --",
  '${7*7}',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  '9'.repeat(400),
  'ﷺ'.repeat(390),
  'e\u0301\u0301'.repeat(130),
  '👩‍👩‍👧‍👦'.repeat(50),
  'a'.repeat(LONG),
  'NaN',
  'Infinity',
  '1e999',
];

export const oddText = fc.oneof(
  fc.constantFrom(...oddTexts),
  // Not `fc.string` with unit `binary`, which takes two seconds to begin.
  fc.array(fc.nat(0x10_ffff), { maxLength: 70 }).map((codePoints) => String.fromCodePoint(...codePoints)),
  fc.string({ maxLength: 70 }),
);
/** Keys of objects that a program may take for its own. */
export const oddKey = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'then',
  '',
  '\0',
);

export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false),
  fc.constantFrom(...oddNumbers),
  fc.constantFrom(`${RAW}1e999`, `${RAW}-1e999`, `${RAW}-0`, `${RAW}1e-999`),
  oddText,
  fc.constantFrom<unknown>([], {}, [[]], [null]),
  fc
    .tuple(oddKey, fc.constantFrom<unknown>(null, {}, 'x', { toString: null }))
    .map(([key, value]) => withKey({}, key, value)),
  fc.constantFrom('[]', '{}').map(nested),
  fc.constant(null).map(() => new Array<number>(1000).fill(0)),
);

/** Also `__proto__` becomes a key of its own, as it does when JSON is parsed. */
export function withKey(object: object, key: string, value: unknown): object {
  return Object.defineProperty({ ...object }, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** JSON, with the numbers that JavaScript cannot hold. */
export function spell(value: unknown): string {
  return (JSON.stringify(value) ?? '').replaceAll(new RegExp(`"${RAW}([^"]*)"`, 'g'), '$1');
}

/** A spelled number as a value, for a transport that is not JSON. */
export function unspelled(text: string): unknown {
  return text.startsWith(RAW) ? Number(text.slice(RAW.length)) : text;
}

function nested(kind: string): unknown {
  let value: unknown = 0;
  for (let depth = 0; depth < DEEP; depth++) value = kind === '[]' ? [value] : { a: value };
  return value;
}
