/** LANrage as a library: what the command line uses, for programs of your own. */
export { LanrageError, type ErrorCode } from '#shared/errors';
export type { NatType } from '#shared/party/nat-type';
export { ConfigError } from '#shared/settings';
export { loadConfig, type ClientConfig, type ConfigOverrides } from './config';
export { ConnectionCoordinator } from './connection/coordinator';
export { ConnectionManager } from './connection/connection-manager';
export { ControlPlane } from './control/control-plane';
export { loadIdentity, type Identity } from './identity';
export { NATTraversal, type NatInfo } from './nat/nat-traversal';
export { NetworkManager } from './network/network-manager';
export type { ConnectionType, Party, Peer } from './party/party';
export type { Hosting, PartyChange } from './party/hosting';
export type {
  CreateOptions,
  EndNotice,
  JoinOptions,
  PartyManagerEvents,
  PartyStatus,
} from './party/manager-contract';
export type { InviteOptions, Invites, NewInvite } from './party/invites';
export type { SharedState } from './party/shared-state';
export { PartyManager } from './party-manager';
