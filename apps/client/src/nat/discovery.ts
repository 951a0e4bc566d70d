/**
 * The questions of RFC 5780 section 4, all servers and all tests at once.
 *
 * The mapping (section 4.3) is asked for from the port that matters. Filtering (4.4) and hairpinning (4.5) are the
 * same for every port, and are asked for from fresh ones: a filter lets in whom a port has addressed before, so that a
 * port which has just been used for the mapping, or for the test before, would make every NAT look open.
 */
import { formatEndpoint, splitEndpoint, type Endpoint } from '#shared/endpoint';
import { encodeChangeRequest, type ChangeRequest } from '#shared/stun/attributes';
import type { BindingResponse } from '#shared/stun/binding';
import { attributeType } from '#shared/stun/message';
import type { ChangeResult, FilteringObservation, MappingObservation } from './classification';
import { StunSocket, type StunOutcome, type StunReply } from './stun-socket';

export interface ServerRoundTrip {
  readonly endpoint: Endpoint;
  /** null when it does not answer. */
  readonly roundTripMs: number | null;
}

export interface MappingDiscovery {
  readonly mappings: readonly MappingObservation[];
  /** One for each server of the list. */
  readonly roundTrips: readonly ServerRoundTrip[];
}

export interface FilterDiscovery {
  readonly filterings: readonly FilteringObservation[];
  /** Whether the NAT leads packets to a public endpoint of its own back inside; null while unknown. */
  readonly isHairpinning: boolean | null;
}

type Success = Extract<BindingResponse, { readonly mappedAddress: Endpoint }>;

/** A party's relays are a handful; nobody's list makes a machine a flooder. */
const MAX_SERVERS = 16;
const MAX_FILTERING_SERVERS = 4;

/** Whether this machine sends to an endpoint because a STUN server named it. */
export type MayName = (endpoint: Endpoint, by: Endpoint) => boolean;

/** Asks all servers, and the other endpoints that they name, how they see this socket. */
export async function discoverMapping(
  socket: StunSocket,
  servers: readonly Endpoint[],
  mayName: MayName,
): Promise<MappingDiscovery> {
  const asked = new Map<Endpoint, Promise<StunOutcome>>();
  const ask = (server: Endpoint) => {
    const outcome = asked.get(server) ?? socket.request(server);
    asked.set(server, outcome);
    return outcome;
  };
  const listed = servers.filter(isIpv4).slice(0, MAX_SERVERS);
  const askToo = async (server: Endpoint) =>
    Promise.all(
      alternatesOf(server, successOf(await ask(server)))
        .filter((other) => mayName(other, server))
        .map(ask),
    );
  await Promise.all(listed.map(askToo));
  const outcomes = await Promise.all(
    Array.from(asked, async ([server, outcome]) => ({ server, outcome: await outcome })),
  );
  return {
    mappings: outcomes.flatMap(({ server, outcome }) => {
      const success = successOf(outcome);
      return success ? [{ server, mapped: success.mappedAddress }] : [];
    }),
    roundTrips: listed.map((endpoint) => ({
      endpoint,
      roundTripMs: roundTripOf(outcomes.find(({ server }) => server === endpoint)?.outcome),
    })),
  };
}

/** Asks the servers to answer from elsewhere, and knocks at the own public address. */
export async function discoverFiltering(
  servers: readonly Endpoint[],
  signal: AbortSignal,
  mayName: MayName,
): Promise<FilterDiscovery> {
  const listed = servers.filter(isIpv4).slice(0, MAX_SERVERS);
  const asked = onePerAddress(listed).slice(0, MAX_FILTERING_SERVERS);
  const [filterings, isHairpinning] = await Promise.all([
    Promise.all(asked.map((server) => probeFiltering(server, listed, signal))),
    probeHairpinning(asked, signal, mayName),
  ]);
  return { filterings, isHairpinning };
}

async function probeFiltering(
  server: Endpoint,
  listed: readonly Endpoint[],
  signal: AbortSignal,
): Promise<FilteringObservation> {
  const socket = await StunSocket.open(0, signal);
  try {
    const [plain, otherAddress, otherPort] = await Promise.all([
      socket.request(server),
      socket.request(server, [changeRequest({ address: true, port: true })]),
      socket.request(server, [changeRequest({ address: false, port: true })]),
    ]);
    const success = successOf(plain);
    const isElsewhere = (from: Endpoint) => !hasAddressOf(from, server);
    return {
      otherAddress: changeResultOf(otherAddress, isElsewhere, success?.otherAddress),
      otherPort: changeResultOf(otherPort, (from) => from !== server, otherPortOf(server, success, listed)),
    };
  } finally {
    socket.close();
  }
}

function changeResultOf(
  outcome: StunOutcome,
  isWanted: (from: Endpoint) => boolean,
  expectedFrom: Endpoint | undefined,
): ChangeResult {
  const result = { expectedFrom: expectedFrom ?? null };
  if (outcome === 'silent') return { ...result, outcome };
  if (outcome === 'aborted') return { ...result, outcome: 'unfinished' };
  const isArrived = 'mappedAddress' in outcome.response && isWanted(outcome.from);
  return { ...result, outcome: isArrived ? 'arrived' : 'refused' };
}

/**
 * The endpoint that answers when only the port is changed. A server with one address names none (RFC 5780 section
 * 7.4), but ours are listed with both ports; one without RESPONSE-ORIGIN does not know what a change is.
 */
function otherPortOf(
  server: Endpoint,
  success: Success | undefined,
  listed: readonly Endpoint[],
): Endpoint | undefined {
  const { address } = splitEndpoint(server);
  if (!success?.responseOrigin) return undefined;
  if (success.otherAddress) {
    return formatEndpoint({ address, port: splitEndpoint(success.otherAddress).port });
  }
  return listed.find((other) => other !== server && hasAddressOf(other, server));
}

/** Two fresh sockets send to each other's public endpoint at once, so that filters on both let the other in. */
async function probeHairpinning(
  servers: readonly Endpoint[],
  signal: AbortSignal,
  mayName: MayName,
): Promise<boolean | null> {
  const [one, other] = await Promise.all([StunSocket.open(0, signal), StunSocket.open(0, signal)]);
  try {
    const [ofOne, ofOther] = await Promise.all(
      [one, other].map((socket) => firstMapped(socket, servers, mayName)),
    );
    if (!ofOne || !ofOther) return null;
    const arrivals = await Promise.all([one.reaches(other, ofOther), other.reaches(one, ofOne)]);
    if (arrivals.includes(true)) return true;
    return arrivals.includes('aborted') ? null : false;
  } finally {
    one.close();
    other.close();
  }
}

/** How the quickest server sees a socket; undefined when none tells. */
async function firstMapped(
  socket: StunSocket,
  servers: readonly Endpoint[],
  mayName: MayName,
): Promise<Endpoint | undefined> {
  const mapped = servers.map(async (server) => {
    const endpoint = successOf(await socket.request(server))?.mappedAddress;
    if (endpoint && mayName(endpoint, server)) return endpoint;
    throw new Error(`${server} does not tell`);
  });
  return Promise.any(mapped).catch(() => undefined);
}

/** RFC 5780 section 4.3, tests II and III, and the port that filtering is tested with. */
function alternatesOf(server: Endpoint, success: Success | undefined): Endpoint[] {
  if (!success?.otherAddress || !isIpv4(success.otherAddress)) return [];
  const asked = splitEndpoint(server);
  const other = splitEndpoint(success.otherAddress);
  return [
    formatEndpoint({ address: other.address, port: asked.port }),
    success.otherAddress,
    formatEndpoint({ address: asked.address, port: other.port }),
  ];
}

function changeRequest(change: ChangeRequest) {
  return { type: attributeType.changeRequest, value: encodeChangeRequest(change) };
}

function successOf(outcome: StunOutcome): Success | undefined {
  const response = isReply(outcome) ? outcome.response : undefined;
  return response && 'mappedAddress' in response ? response : undefined;
}

function roundTripOf(outcome: StunOutcome | undefined): number | null {
  return outcome !== undefined && isReply(outcome) ? outcome.roundTripMs : null;
}

function isReply(outcome: StunOutcome): outcome is StunReply {
  return typeof outcome === 'object';
}

function onePerAddress(servers: readonly Endpoint[]): Endpoint[] {
  return servers.filter((server, index) => servers.findIndex((one) => hasAddressOf(one, server)) === index);
}

function hasAddressOf(one: Endpoint, other: Endpoint): boolean {
  return splitEndpoint(one).address === splitEndpoint(other).address;
}

function isIpv4(endpoint: Endpoint): boolean {
  return !endpoint.startsWith('[');
}
