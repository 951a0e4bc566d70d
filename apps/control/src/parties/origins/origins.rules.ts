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

/** Why may this address not have one more? Null: it may. @param limits 0: unlimited */
export function refusalOfOneMore(
  { parties, publicParties }: Kept,
  { isNew, isPublic }: OneMore,
  { most, mostPublic }: { readonly most: number; readonly mostPublic: number },
): ErrorCode | null {
  if (isNew && most > 0 && parties >= most) return 'TOO_MANY_PARTIES_FROM_ADDRESS';
  return isPublic && mostPublic > 0 && publicParties >= mostPublic ? 'TOO_MANY_PUBLIC_PARTIES' : null;
}
