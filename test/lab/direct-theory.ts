import type { NatKind } from './nat';

/** The kinds of which every combination is worth trying, from the most to the least open. */
export const matrixKinds = [
  'open',
  'full_cone',
  'address_restricted',
  'port_restricted',
  'symmetric',
  'cgnat',
  'cgnat_symmetric',
] as const satisfies readonly NatKind[];
export type MatrixKind = (typeof matrixKinds)[number];

const isSymmetric = (kind: MatrixKind) => kind === 'symmetric' || kind === 'cgnat_symmetric';
const lastsForOneEndpoint = (kind: MatrixKind) =>
  kind === 'port_restricted' || kind === 'cgnat' || isSymmetric(kind);

/**
 * Whether two players can reach each other directly at all. A symmetric NAT answers from a port that nobody can foretell;
 * that hurts where the other side lets in only the endpoints that it has sent to.
 */
export function isDirectPossible(one: MatrixKind, other: MatrixKind): boolean {
  return (
    !(isSymmetric(one) && lastsForOneEndpoint(other)) && !(isSymmetric(other) && lastsForOneEndpoint(one))
  );
}
