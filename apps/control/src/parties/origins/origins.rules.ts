/** How many parties may come from one address. Pure. */
import type { ErrorCode } from '#shared/errors';

/** What there is of an address. */
export interface Kept {
  readonly parties: number;
  readonly publicParties: number;
}

/** What is to come. */
export interface OneMore {
  /** Or one that there is becomes public. */
  readonly isNew: boolean;
  readonly isPublic: boolean;
}

/** How many there may be; 0: any number. */
export interface Limits {
  readonly most: number;
  readonly mostPublic: number;
}

/** Whether any number of parties may make one more too many. */
export function isLimited({ isNew, isPublic }: OneMore, { most, mostPublic }: Limits): boolean {
  return (isNew && most > 0) || (isPublic && mostPublic > 0);
}

/** Why may this address not have one more? Null: it may. */
export function refusalOfOneMore(
  { parties, publicParties }: Kept,
  { isNew, isPublic }: OneMore,
  { most, mostPublic }: Limits,
): ErrorCode | null {
  if (isNew && most > 0 && parties >= most) return 'TOO_MANY_PARTIES_FROM_ADDRESS';
  return isPublic && mostPublic > 0 && publicParties >= mostPublic ? 'TOO_MANY_PUBLIC_PARTIES' : null;
}
