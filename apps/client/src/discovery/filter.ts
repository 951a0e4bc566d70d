/**
 * The program by which the kernel leaves everything alone but what games of this machine say to a whole LAN, for packets of an
 * AF_PACKET socket of type SOCK_DGRAM, which begin with the IP header. Pure.
 */
import { ancillary, FilterProgram, jump, load } from './bpf';
import { deniedGroups, deniedPorts, gamePorts, type CarriedPorts } from './ports';
import { numberOf } from './packet';

/** An interface with an IPv4 address; addresses are numbers. */
export interface OwnAddress {
  readonly interfaceIndex: number;
  readonly address: number;
  /** The broadcast address of its network; null for one without, such as a single address. */
  readonly broadcast: number | null;
}

/** A packet of the tunnel's size holds this; a copy is no larger than what was captured. */
const MOST_BYTES = 1280;
/** A jump passes two instructions of each address, and 255 at most. */
const MOST_ADDRESSES = 120;

const outgoing = 4;
const ipv4 = 0x0800;
const udp = 17;
const fragmentBits = 0x3fff;

/** @param addresses the first 120 count @returns as {@link FilterProgram.assembled} */
export function lanFilter(addresses: readonly OwnAddress[], ports: CarriedPorts): Buffer {
  const own = addresses.slice(0, MOST_ADDRESSES);
  const program = new FilterProgram();
  const add = program.add.bind(program);
  const label = program.label.bind(program);

  add(load.byte, ancillary.packetType);
  add(jump.ifEqual, outgoing, undefined, 'drop');
  add(load.half, ancillary.protocol);
  add(jump.ifEqual, ipv4, undefined, 'drop');
  add(load.word, 16); // destination
  add(jump.ifAtLeast, numberOf('224.0.0.0'), 'group');
  for (const { broadcast } of own) if (broadcast !== null) add(jump.ifEqual, broadcast, 'source');
  program.drop();
  label('group');
  add(jump.ifEqual, numberOf('255.255.255.255'), 'source');
  add(jump.ifAtLeast, numberOf('240.0.0.0'), 'drop');
  add(jump.ifAtLeast, numberOf('224.0.1.0'), undefined, 'drop'); // below: of the network itself (RFC 5771)
  for (const group of deniedGroups) add(jump.ifEqual, numberOf(group), 'drop');
  label('source'); // What another machine or a container sends through this one is not the player's.
  add(load.word, 12);
  own.forEach(({ address }, place) => add(jump.ifEqual, address, `own ${place}`));
  program.drop();
  own.forEach(({ interfaceIndex }, place) => {
    label(`own ${place}`);
    add(load.word, ancillary.interfaceIndex);
    add(jump.ifEqual, interfaceIndex, 'datagram', 'drop');
  });
  program.drop();
  label('datagram');
  add(load.byte, 9);
  add(jump.ifEqual, udp, undefined, 'drop');
  add(load.half, 6);
  add(jump.ifAnyBit, fragmentBits, 'drop');
  add(load.length, 0);
  add(jump.ifGreater, MOST_BYTES, 'drop');
  add(load.headerBytesToX, 0);
  add(load.halfBehindX, 2); // destination port
  for (const port of deniedPorts) add(jump.ifEqual, port, 'drop');
  if (ports === 'all') return program.assembled();
  (ports === 'games' ? gamePorts : ports).forEach(({ from, to }, place) => {
    add(jump.ifAtLeast, from, undefined, `port ${place}`);
    add(jump.ifGreater, to, undefined, 'take');
    label(`port ${place}`);
  });
  program.drop();
  return program.assembled();
}
