import type { Attack } from './attack';
import { capturedRoutes } from './servers/captured-routes';
import { capturedTraffic } from './servers/captured-traffic';
import { eventFlood } from './servers/event-flood';
import { everyAnswer, everyJoin } from './servers/every-answer';
import { everyEvent } from './servers/every-event';
import { foreignPassword } from './servers/foreign-password';
import { hostileEndpoints } from './servers/hostile-endpoints';
import { hugeAnswers, redirections, restlessTokens } from './servers/bad-answers';
import { terminalEscapes } from './servers/terminal-escapes';
import { tunnelFlood } from './servers/tunnel-flood';
import { unusableEndpoints } from './servers/unusable-endpoints';

export const attacks: readonly Attack[] = [
  capturedTraffic,
  capturedRoutes,
  unusableEndpoints,
  everyEvent,
  everyAnswer,
  everyJoin,
  hostileEndpoints,
  foreignPassword,
  eventFlood,
  terminalEscapes,
  redirections,
  hugeAnswers,
  restlessTokens,
  tunnelFlood,
];
