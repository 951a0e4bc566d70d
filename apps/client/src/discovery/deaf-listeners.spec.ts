import { deafListeners } from './deaf-listeners';

/** As /proc/net/udp has it: an address is a little-endian number. */
const row = (address: string, port: number, state = '07') => {
  const hexOf = (number: number) => number.toString(16).toUpperCase();
  const local = address
    .split('.')
    .reverse()
    .map((octet) => hexOf(Number(octet)).padStart(2, '0'))
    .join('');
  return `  0: ${local}:${hexOf(port).padStart(4, '0')} 00000000:0000 ${state} 00000000:00000000`;
};
const deaf = (...rows: string[]) =>
  deafListeners({ tcp: '', tcp6: '', udp: ['sl local_address', ...rows].join('\n'), udp6: '' }, '10.66.0.1');

describe('games that do not hear what others carry here', () => {
  it.each([
    ['the home address alone', [row('192.168.1.20', 27_960)], [27_960, '192.168.1.20', 'elsewhere']],
    ['a group', [row('224.0.2.60', 4_445)], [4_445, '224.0.2.60', 'group']],
    ['a group, at a port of no known game', [row('239.7.7.7', 40_000)], [40_000, '239.7.7.7', 'group']],
    ['all addresses, twice', [row('0.0.0.0', 6_112), row('0.0.0.0', 6_112)], [6_112, '0.0.0.0', 'shared']],
  ])('listen on %s', (_what, rows, [port, address, why]) => {
    expect(deaf(...rows)).toEqual([{ port, address, why }]);
  });

  it.each([
    ['all addresses', [row('0.0.0.0', 27_960)]],
    ['the address in the party', [row('10.66.0.1', 27_960)]],
    ['this machine alone', [row('127.0.0.1', 27_960)]],
    ['the home address and all', [row('192.168.1.20', 27_960), row('0.0.0.0', 27_960)]],
    ['the home address, as a program that is no game', [row('192.168.1.20', 50_000)]],
    ['a group of names of devices', [row('224.0.0.251', 5_353), row('239.255.255.250', 40_000)]],
    ['nothing, as they are connected', [row('192.168.1.20', 27_960, '01')]],
    ['garbage', ['x : y', '']],
  ])('are not those that listen on %s', (_what, rows) => {
    expect(deaf(...rows)).toEqual([]);
  });

  it('are not those that have a socket of each family', () => {
    const udp6 = `  0: ${'0'.repeat(32)}:6D38 ${'0'.repeat(32)}:0000 07`;
    expect(deafListeners({ tcp: '', tcp6: '', udp: row('0.0.0.0', 27_960), udp6 }, '10.66.0.1')).toEqual([]);
  });
});
