import type { Attack } from './attack';
import { frozenServer } from './auth/frozen-server';
import { relayedSignIn } from './auth/relayed-sign-in';

export const attacks: readonly Attack[] = [relayedSignIn, frozenServer];
