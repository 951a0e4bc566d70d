import fc from 'fast-check';
import { listenerOn, type SocketTables } from './listeners';
import { decodePortAnswer, discreet, encodePortAnswer, entries, listeners } from './port-report';

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const line = (local: string, state: string) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 30912 1`;
const tables = (changes: Partial<SocketTables>): SocketTables => ({
  tcp: head,
  tcp6: '',
  udp: head,
  udp6: head,
  ...changes,
});
/** 25565 */
const PORT = ':63DD';
const on = (address: string, state = '0A') => `${head}\n${line(`${address}${PORT}`, state)}\n`;
const ofTcp = (changes: Partial<SocketTables>) => listenerOn(tables(changes), 'tcp', 25_565, '10.66.0.1');

describe('who listens on a port', () => {
  it.each([
    ['all addresses', on('00000000'), 'here'],
    ['the address in the party', on('0100420A'), 'here'],
    ['127.0.0.1', on('0100007F'), 'loopback'],
    ["the home network's", on('0A01A8C0'), 'elsewhere'],
    ['nobody', head, 'none'],
    ['a connection from that port', on('00000000', '01'), 'none'],
    ['another port', on('00000000').replace(PORT, ':63DE'), 'none'],
    ['garbage', 'x : y\n\n0:', 'none'],
  ])('%s', (_name, tcp, expected) => {
    expect(ofTcp({ tcp })).toBe(expected);
  });

  it.each([
    ['all', '0'.repeat(32), 'here'],
    ['::1', '00000000000000000000000001000000', 'loopback'],
    ['an IPv4 address', '0000000000000000FFFF00000100420A', 'here'],
    ['127.0.0.1', '0000000000000000FFFF00000100007F', 'loopback'],
    ['IPv6 alone', 'B80D0120000000000000000001000000', 'elsewhere'],
  ])('by IPv6: %s', (_name, address, expected) => {
    expect(ofTcp({ tcp6: on(address) })).toBe(expected);
  });

  it('is here if one of several is', () => {
    expect(ofTcp({ tcp: on('0100007F') + line(`0A01A8C0${PORT}`, '0A') })).toBe('elsewhere');
    expect(ofTcp({ tcp: on('0100007F'), tcp6: on('0'.repeat(32)) })).toBe('here');
  });

  it('with UDP is a socket that is not connected', () => {
    const udp = (state: string) =>
      listenerOn(tables({ udp: on('00000000', state) }), 'udp', 25_565, '10.66.0.1');
    expect(udp('07')).toBe('here');
    expect(udp('01')).toBe('none');
  });
});

describe('what is said of a port', () => {
  const state = fc.record({ listener: fc.constantFrom(...listeners), entry: fc.constantFrom(...entries) });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(state, state, (tcp, udp) => {
        expect(decodePortAnswer(encodePortAnswer({ tcp, udp }))).toEqual({ tcp, udp });
      }),
    );
    expect(decodePortAnswer(encodePortAnswer('busy'))).toBe('busy');
  });

  it('is nothing where bytes are unknown, missing or too many', () => {
    for (const bytes of [[], [0], [0, 5], [0x40, 0], [0xff, 0], [0, 0, 0]])
      expect(decodePortAnswer(Buffer.from(bytes))).toBeUndefined();
  });

  it('tells nothing of a port that the player keeps to itself', () => {
    expect(discreet({ listener: 'loopback', entry: 'exposure' })).toEqual({
      listener: 'unknown',
      entry: 'exposure',
    });
    expect(discreet({ listener: 'loopback', entry: 'open' }).listener).toBe('loopback');
  });
});
