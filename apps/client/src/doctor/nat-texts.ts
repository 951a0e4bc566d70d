/** What a NAT type means to a player, in the words of the table in nat-type.ts. Pure. */
import type { NatType } from '#shared/party/nat-type';
import type { NatInfo } from '../nat/nat-traversal';

export interface NatText {
  readonly message: string;
  /** What would change it; null where there is nothing to gain. */
  readonly advice: string | null;
}

const everybody: NatText = { message: 'You can connect directly with everybody.', advice: null };
const exceptSymmetric: NatText = {
  message:
    'You can connect directly with everybody except players behind a symmetric NAT, as in some mobile and company ' +
    'networks; with those you play via the relay.',
  advice: null,
};

export const natTexts: Record<NatType, NatText> = {
  open: everybody,
  full_cone: everybody,
  restricted_cone: exceptSymmetric,
  port_restricted_cone: exceptSymmetric,
  symmetric: {
    message:
      'You can connect directly with players whose NAT is open or full_cone, or who have a public address. With ' +
      'everybody else you play via the relay.',
    advice: 'A forwarded UDP port, or UPnP switched on in your router, would change that.',
  },
  unknown: {
    message:
      'You can connect directly with players whose NAT is open or full_cone. Your own NAT could not be ' +
      'examined completely, so the others may or may not work; the relay carries those that do not.',
    advice: null,
  },
};

const eases: Record<NatType, string | null> = {
  open: 'connects with everybody',
  full_cone: 'connects with everybody',
  restricted_cone: 'easy to connect',
  port_restricted_cone: 'easy to connect',
  symmetric: 'hard to connect',
  unknown: null,
};

/** The NAT type, as far as it is known: a router that filters less than was seen is more open. */
export function natName({ natType, filtering }: Pick<NatInfo, 'natType' | 'filtering'>): string {
  const isLeast = filtering === 'unknown' || filtering === 'not_port_dependent';
  return isLeast && natType.endsWith('restricted_cone') ? `${natType} or more open` : natType;
}

/** What it comes to, in two words; null while unknown. */
export function natEase(natType: NatType): string | null {
  return eases[natType];
}

/** The text for a network that has neither IPv4 nor NAT64. */
export const noIpv4: NatText = {
  message: 'This network has only IPv6, and no translation to IPv4 (NAT64).',
  advice: 'Use another network to play via relays that have only IPv4 addresses.',
};
