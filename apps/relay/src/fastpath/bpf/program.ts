/**
 * The kernel's part of the relay as a program of its virtual machine, which sees each packet as it comes in from a network
 * card, before the kernel has looked at it:
 *
 *     from player A         which flow?         where to?            rewrite               to player B
 *     A → relay:port, index   map     A → B   routing table   relay:port → B, one hop less   B's card
 *
 * Whatever is not data of a flow (handshakes, cookies, indices without a session, addresses that are new, fragments, IP
 * options, tagged or broken packets) goes on to the kernel and the relay's socket unchanged. So does what the routing table
 * cannot send on as it is, such as packets that are too long for the way, and what a network card or a neighbour's kernel has
 * put together of several datagrams, as only the first one's header can be seen.
 *
 * The kernel proves before it takes the program that it ends and touches nothing but the packet, its stack and the map.
 */
import type { ForwarderOptions } from '../forwarder';
import {
  add,
  addAtomically,
  assemble,
  call,
  exit,
  fromNetworkOrder,
  jumpIf,
  jumpIfPointer,
  type Line,
  load,
  loadMap,
  move,
  store,
} from './assembler';
import { type Layout, layouts } from './elements';

/** The kernel has functions for programs under the GPL alone; this one may be had under MIT or GPL, as its user likes. */
export const license = 'Dual MIT/GPL';

export interface ProgramOptions extends ForwarderOptions {
  /** Descriptor of the map of flows. */
  readonly map: number;
}

/** Functions of the kernel, by their numbers in linux/bpf.h. */
const kernel = {
  lookUp: 1,
  storeBytes: 9,
  changeHeaderSum: 10,
  changeUdpSum: 11,
  pullData: 39,
  lookUpRoute: 69,
  redirectToNeighbor: 152,
} as const;

/** `struct __sk_buff` */
const packet = {
  length: 0,
  kind: 4,
  protocol: 16,
  vlanPresent: 20,
  device: 40,
  data: 76,
  dataEnd: 80,
  segmentBytes: 176,
} as const;

/** `struct bpf_fib_lookup`; when it has been filled, the address of the next hop is in the place of the destination. */
const route = { bytes: 64, family: 0, length: 6, device: 8, source: 16, destination: 32 } as const;
const skipNeighbors = 4;
/** `struct bpf_redir_neigh`: the next hop's family, 4 bytes, and its address; put just in front of that in a route. */
const hop = { bytes: 20, inRoute: route.destination - 4 } as const;

/** Places on the stack, which `r10` is the end of. */
const stack = { key: -32, route: -32 - route.bytes } as const;

const [isPseudoHeader, leaveZero] = [0x10, 0x20];
const [ethernetBytes, udpBytes] = [14, 8];
/** WireGuard's type 4 with three zeros behind it, and the least that such a message has. */
const data = { type: 4, bytes: 32, indexOffset: 4 } as const;
const fragmentOffsetOrMore = 0xff3f;
const udpProtocol = 17;
/** Lets other programs, and then the kernel, have the packet. */
const next = -1;

interface Network {
  readonly layout: Layout;
  /** In host order of what is in network order. */
  readonly etherType: number;
  readonly family: number;
  readonly headerBytes: number;
  readonly addresses: number;
  readonly hops: number;
  readonly check: Line[];
  readonly changeHeaderSum: Line[];
}

const ipv4: Network = {
  layout: layouts.ipv4,
  etherType: 0x0008,
  family: 2,
  headerBytes: 20,
  addresses: ethernetBytes + 12,
  hops: ethernetBytes + 8,
  check: [
    load(1, 'r0', 'r7', ethernetBytes),
    jumpIf('r0', '!=', 0x45, 'pass'),
    load(2, 'r0', 'r7', ethernetBytes + 6),
    jumpIf('r0', '&', fragmentOffsetOrMore, 'pass'),
    load(1, 'r0', 'r7', ethernetBytes + 9),
    jumpIf('r0', '!=', udpProtocol, 'pass'),
  ],
  changeHeaderSum: changeSum(kernel.changeHeaderSum, ethernetBytes + 10, layouts.ipv4.value.headerChange, 0),
};

const ipv6: Network = {
  layout: layouts.ipv6,
  etherType: 0xdd86,
  family: 10,
  headerBytes: 40,
  addresses: ethernetBytes + 8,
  hops: ethernetBytes + 7,
  check: [load(1, 'r0', 'r7', ethernetBytes + 6), jumpIf('r0', '!=', udpProtocol, 'pass')],
  changeHeaderSum: [],
};

/** r6: the packet's description, r7: its first byte, r8: its end and later the device to send by, r9: the flow. */
export function forwardingProgram(options: ProgramOptions): Buffer {
  const network = options.isIpv6 ? ipv6 : ipv4;
  return assemble([
    ...take(network),
    ...check(network, options),
    ...findFlow(network, options.map),
    ...findRoute(network),
    ...rewrite(network),
    ...count(network),
    ...send(),
    'pass',
    move('r0', next),
    exit,
  ]);
}

/** Single packets for this machine, without a VLAN's tag, whose headers can be read. */
function take({ etherType, headerBytes }: Network): Line[] {
  const bytes = ethernetBytes + headerBytes + udpBytes + data.indexOffset + 4;
  return [
    move('r6', 'r1'),
    load(4, 'r0', 'r6', packet.protocol),
    jumpIf('r0', '!=', etherType, 'pass'),
    load(4, 'r0', 'r6', packet.kind),
    jumpIf('r0', '!=', 0, 'pass'),
    load(4, 'r0', 'r6', packet.vlanPresent),
    jumpIf('r0', '!=', 0, 'pass'),
    load(4, 'r0', 'r6', packet.segmentBytes),
    jumpIf('r0', '!=', 0, 'pass'),
    move('r1', 'r6'),
    move('r2', bytes),
    call(kernel.pullData),
    jumpIfPointer('r0', '!=', 0, 'pass'),
    load(4, 'r7', 'r6', packet.data),
    load(4, 'r8', 'r6', packet.dataEnd),
    move('r0', 'r7'),
    add('r0', bytes),
    jumpIfPointer('r0', '>', 'r8', 'pass'),
  ];
}

/** Data messages to a port that may be the relay's, and that may travel on. */
function check(network: Network, { ports }: ProgramOptions): Line[] {
  const { headerBytes, hops } = network;
  const udp = ethernetBytes + headerBytes;
  return [
    ...network.check,
    load(1, 'r0', 'r7', hops),
    jumpIf('r0', '<=', 1, 'pass'),
    load(2, 'r0', 'r7', udp + 2),
    fromNetworkOrder('r0'),
    jumpIf('r0', '<', ports.first, 'pass'),
    jumpIf('r0', '>', ports.last, 'pass'),
    load(2, 'r0', 'r7', udp + 4),
    fromNetworkOrder('r0'),
    jumpIf('r0', '<', udpBytes + data.bytes, 'pass'),
    load(4, 'r0', 'r7', udp + udpBytes),
    jumpIf('r0', '!=', data.type, 'pass'),
  ];
}

function findFlow({ layout, addresses, headerBytes }: Network, map: number): Line[] {
  const { addressBytes, key } = layout;
  const udp = ethernetBytes + headerBytes;
  const copy = (from: number, to: number) => [
    load(4, 'r0', 'r7', from),
    store(4, 'r10', stack.key + to, 'r0'),
  ];
  return [
    ...wordsOf(addressBytes).flatMap((at) => copy(addresses + at, key.address + at)),
    ...copy(udp + udpBytes + data.indexOffset, key.index),
    ...copy(udp, key.ports),
    ...loadMap('r1', map),
    move('r2', 'r10'),
    add('r2', stack.key),
    call(kernel.lookUp),
    jumpIfPointer('r0', '==', 0, 'pass'),
    move('r9', 'r0'),
    // To the address that the flow is to leave from.
    ...wordsOf(addressBytes).flatMap((at) => [
      load(4, 'r0', 'r7', addresses + addressBytes + at),
      load(4, 'r1', 'r9', layout.value.rewritten + at),
      jumpIfPointer('r0', '!=', 'r1', 'pass'),
    ]),
  ];
}

/** Where the kernel would send the packet that this one becomes; `pass` when nowhere, or not in one piece. */
function findRoute({ layout, family }: Network): Line[] {
  const copy = (from: number, to: number) => [
    load(4, 'r0', 'r9', layout.value.rewritten + from),
    store(4, 'r10', stack.route + to, 'r0'),
  ];
  return [
    ...eightsOf(route.bytes).map((at) => store(8, 'r10', stack.route + at, 0)),
    store(1, 'r10', stack.route + route.family, family),
    load(4, 'r0', 'r6', packet.device),
    store(4, 'r10', stack.route + route.device, 'r0'),
    load(4, 'r0', 'r6', packet.length),
    add('r0', -ethernetBytes),
    store(2, 'r10', stack.route + route.length, 'r0'),
    ...wordsOf(layout.addressBytes).flatMap((at) => [
      ...copy(at, route.source + at),
      ...copy(layout.addressBytes + at, route.destination + at),
    ]),
    move('r1', 'r6'),
    move('r2', 'r10'),
    add('r2', stack.route),
    move('r3', route.bytes),
    move('r4', skipNeighbors),
    call(kernel.lookUpRoute),
    jumpIfPointer('r0', '!=', 0, 'pass'),
    load(4, 'r8', 'r10', stack.route + route.device),
    load(1, 'r0', 'r10', stack.route + route.family),
    store(4, 'r10', stack.route + hop.inRoute, 'r0'),
  ];
}

function rewrite({ layout, headerBytes, addresses, hops, changeHeaderSum }: Network): Line[] {
  const { addressChange, portChange, rewritten, rewrittenBytes } = layout.value;
  const udpSum = ethernetBytes + headerBytes + 6;
  return [
    load(1, 'r0', 'r7', hops),
    add('r0', -1),
    store(1, 'r7', hops, 'r0'),
    ...changeHeaderSum,
    ...changeSum(kernel.changeUdpSum, udpSum, addressChange, isPseudoHeader | leaveZero),
    ...changeSum(kernel.changeUdpSum, udpSum, portChange, leaveZero),
    move('r1', 'r6'),
    move('r2', addresses),
    move('r3', 'r9'),
    add('r3', rewritten),
    move('r4', rewrittenBytes),
    move('r5', 0),
    call(kernel.storeBytes),
  ];
}

/** @param change where in the flow is what the sum changes by */
function changeSum(change: number, sum: number, by: number, flags: number): Line[] {
  return [
    move('r1', 'r6'),
    move('r2', sum),
    move('r3', 0),
    load(4, 'r4', 'r9', by),
    move('r5', flags),
    call(change),
  ];
}

function count({ layout: { value }, headerBytes }: Network): Line[] {
  return [
    move('r1', 1),
    addAtomically('r9', value.packets, 'r1'),
    load(4, 'r1', 'r6', packet.length),
    add('r1', -(ethernetBytes + headerBytes + udpBytes)),
    addAtomically('r9', value.bytes, 'r1'),
  ];
}

function send(): Line[] {
  return [
    move('r1', 'r8'),
    move('r2', 'r10'),
    add('r2', stack.route + hop.inRoute),
    move('r3', hop.bytes),
    move('r4', 0),
    call(kernel.redirectToNeighbor),
    exit,
  ];
}

function wordsOf(bytes: number): number[] {
  return Array.from({ length: bytes / 4 }, (_, place) => place * 4);
}

function eightsOf(bytes: number): number[] {
  return Array.from({ length: bytes / 8 }, (_, place) => place * 8);
}
