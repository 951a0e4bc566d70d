import type { Attack } from './attack';
import { falseEndpoints } from './parties/false-endpoints';
import { filledRelay } from './parties/filled-relay';
import { foreignMetrics, hostileText } from './parties/hostile-text';
import { lostRights } from './parties/lost-rights';
import { guessedPasswords } from './parties/passwords';
import { throwAwayParties } from './parties/throw-away';

export const attacks: readonly Attack[] = [
  guessedPasswords,
  throwAwayParties,
  filledRelay,
  lostRights,
  falseEndpoints,
  hostileText,
  foreignMetrics,
];
