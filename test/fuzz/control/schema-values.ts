/** From a zod schema to what may be sent where it is expected: mostly what it accepts, and now and then what it should not. */
import fc from 'fast-check';

import type { $ZodCheck, $ZodCheckDef, $ZodType, $ZodTypes } from 'zod/v4/core';
import { oddKey, oddText, oddValue, withKey } from './odd-values';

/** What is better made than guessed, by the schema's identity. */
export type KnownValues = ReadonlyMap<$ZodType, fc.Arbitrary<unknown>>;

/** One in so many values of a valid message is odd. */
const ODD_ONE_IN = 25;

/** Refused by its type, so that a schema that this does not know is noticed. */
export function valuesOf(schema: $ZodType, known: KnownValues): fc.Arbitrary<unknown> {
  return mostly(known.get(schema) ?? madeFor(schema as $ZodTypes, known), oddValue);
}

function mostly<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: ODD_ONE_IN - 1, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

function madeFor(schema: $ZodTypes, known: KnownValues): fc.Arbitrary<unknown> {
  const { def } = schema._zod;
  const inner = (type: $ZodType) => valuesOf(type, known);
  switch (def.type) {
    case 'object':
      return objects(def.shape, known);
    case 'string':
      return texts(schema);
    case 'number':
      return numbers(schema);
    case 'boolean':
      return fc.boolean();
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'nullable':
      return fc.option(inner(def.innerType), { freq: 3 });
    case 'catch':
      return inner(def.innerType);
    case 'optional':
    case 'default':
      return fc.option(inner(def.innerType), { nil: undefined, freq: 2 });
    case 'array':
      return arrays(schema, inner(def.element));
    case 'tuple':
      return fc.tuple(...def.items.map(inner));
    case 'union':
      return fc.oneof(...def.options.map(inner));
    case 'record':
      return fc.dictionary(inner(def.keyType).map(String), inner(def.valueType), { maxKeys: 18 });
    case 'pipe':
      return inner(def.in);
    default:
      throw new Error(`no values for a schema of type ${def.type}: teach ${__filename}`);
  }
}

function objects(shape: Record<string, $ZodType>, known: KnownValues): fc.Arbitrary<unknown> {
  const fields = fc.record(
    Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, valuesOf(field, known)])),
  );
  const fault = fc.oneof(
    fc.tuple(oddKey, oddValue).map(
      ([key, value]) =>
        (object: object) =>
          withKey(object, key, value),
    ),
    fc
      .constantFrom('', ...Object.keys(shape))
      .map((name) => (object: object) => ({ ...object, [name]: undefined })),
  );
  return mostly(
    fields,
    fc.tuple(fields, fault).map(([object, spoil]) => spoil(object)),
  );
}

function numbers(schema: $ZodType): fc.Arbitrary<unknown> {
  const least = bound(schema, 'greater_than') ?? -(2 ** 40);
  const most = bound(schema, 'less_than') ?? 2 ** 40;
  return mostly<unknown>(
    fc.oneof(fc.integer({ min: least, max: most }), fc.constantFrom(least, most)),
    fc.constantFrom(least - 1, most + 1, String(least)),
  );
}

function arrays(schema: $ZodType, element: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const most = bound(schema, 'max_length') ?? 10;
  const one = fc
    .tuple(element, fc.constantFrom(most, most + 1))
    .map(([item, size]) => Array<unknown>(size).fill(item));
  return mostly<unknown>(fc.array(element, { maxLength: Math.min(most, 5) }), one);
}

function texts(schema: $ZodType): fc.Arbitrary<unknown> {
  const pattern = patternOf(schema);
  const format = (schema as { _zod: { def: { format?: string } } })._zod.def.format;
  const exact = bound(schema, 'length_equals');
  const least = exact ?? bound(schema, 'min_length') ?? 0;
  const most = exact ?? bound(schema, 'max_length') ?? 64;
  if (format === 'base64') return mostly(base64(most), oddText);
  if (format === 'ipv4') return mostly(fc.ipV4(), oddText);
  if (format === 'ipv6') return mostly(fc.ipV6(), oddText);
  if (pattern) return mostly(fc.stringMatching(pattern), oddText);
  const usual = fc.string({ minLength: least, maxLength: Math.max(least, Math.min(most, 70)) });
  const extreme = fc.constantFrom(most, most + 1).map((size) => '語'.repeat(size));
  return mostly(usual, fc.oneof(oddText, extreme));
}

/** As many bytes as `characters` of base64 can stand for: with two, one or no sign of padding. */
function base64(characters: number): fc.Arbitrary<string> {
  const most = (3 * characters) / 4;
  return fc
    .uint8Array({ minLength: most - 2, maxLength: most })
    .map((bytes) => Buffer.from(bytes).toString('base64'));
}

function checksOf(schema: $ZodType): $ZodCheckDef[] {
  const { checks = [] } = schema._zod.def;
  return checks.map((check: $ZodCheck<never>) => check._zod.def);
}

function bound(schema: $ZodType, check: string): number | undefined {
  const found = checksOf(schema).find((one) => one.check === check) as
    { minimum?: number; maximum?: number; length?: number; value?: number } | undefined;
  return found?.minimum ?? found?.maximum ?? found?.length ?? found?.value;
}

function patternOf(schema: $ZodType): RegExp | undefined {
  const found = checksOf(schema).find((one) => one.check === 'string_format');
  return (found as { pattern?: RegExp } | undefined)?.pattern;
}
