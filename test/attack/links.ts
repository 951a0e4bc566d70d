import type { Attack } from './attack';
import { falseControlPlane } from './links/false-control-plane';
import { foreignAddress } from './links/foreign-address';
import { leakedPairs } from './links/leaked-pairs';
import { overheardSecret } from './links/overheard-secret';
import { rivalNewcomers, takenName } from './links/taken-name';

export const attacks: readonly Attack[] = [
  leakedPairs,
  overheardSecret,
  falseControlPlane,
  takenName,
  rivalNewcomers,
  foreignAddress,
];
