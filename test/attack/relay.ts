import type { Attack } from './attack';
import {
  garbageOfManyMachines,
  garbageOfOneIpv6Network,
  garbageOnAFullPort,
  garbageOnAFullRelay,
} from './relay/first-contacts';
import { ringOfRelays } from './relay/rings';
import { forgedAnswer, forgedCookies, forgedMove } from './relay/silent-victim';

export const attacks: readonly Attack[] = [
  garbageOnAFullPort,
  garbageOnAFullRelay,
  garbageOfManyMachines,
  garbageOfOneIpv6Network,
  ringOfRelays,
  forgedAnswer,
  forgedCookies,
  forgedMove,
];
