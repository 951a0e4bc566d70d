/**
 * NAT types as players' tools name them (RFC 3489 section 5; RFC 4787 calls the same things
 * endpoint-(in)dependent mapping and filtering), and the one table of who can probably reach whom.
 */
export const natTypes = [
  'unknown',
  'open',
  'full_cone',
  'restricted_cone',
  'port_restricted_cone',
  'symmetric',
] as const;

export type NatType = (typeof natTypes)[number];

const reachesEverybody: ReadonlySet<NatType> = new Set(['open', 'full_cone']);
const punchable: ReadonlySet<NatType> = new Set(['restricted_cone', 'port_restricted_cone']);

/**
 * Is a direct path between the two to be expected? Symmetric in its arguments. A prediction: it orders
 * the attempts and words the explanation, it never forbids an attempt.
 * @throws RangeError for a type that there is not
 */
export function canConnectDirectly(a: NatType, b: NatType): boolean {
  for (const type of [a, b]) if (!natTypes.includes(type)) throw new RangeError(`no such NAT type: ${type}`);
  if (reachesEverybody.has(a) || reachesEverybody.has(b)) return true;
  return punchable.has(a) && punchable.has(b);
}
