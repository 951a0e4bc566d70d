import type { Attack } from './attack';
import { container } from './machine/container';
import { forgedJournal } from './machine/forged-journal';
import { plantedTools } from './machine/planted-tools';
import { secondProgram } from './machine/second-program';
import { services } from './machine/services';
import { symbolicLinks, untrustedHome } from './machine/untrusted-home';

export const attacks: readonly Attack[] = [
  plantedTools,
  untrustedHome,
  symbolicLinks,
  forgedJournal,
  secondProgram,
  services,
  container,
];
