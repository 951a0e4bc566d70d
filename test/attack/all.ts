import { attacks as auth } from './auth';
import { attacks as links } from './links';
import { attacks as machine } from './machine';
import { attacks as parties } from './parties';
import { attacks as relay } from './relay';
import { attacks as servers } from './servers';
import { attacks as sockets } from './sockets';

/** Every attack that this repository knows. */
export const attacks = [...auth, ...sockets, ...parties, ...relay, ...links, ...servers, ...machine];
