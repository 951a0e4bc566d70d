import { portFault, type WantedPort } from './port-fault';

const wanted: WantedPort = {
  protocol: 'UDP',
  port: 3478,
  address: '0.0.0.0',
  settings: { port: 'LANRAGE_STUN_PORT', address: 'LANRAGE_RELAY_BIND' },
};

describe('a port that cannot be had', () => {
  it.each([
    ['EADDRINUSE', /^error PORT_IN_USE: .*UDP port 3478 of 0\.0\.0\.0.*LANRAGE_STUN_PORT/],
    ['EACCES', /^error PORT_FORBIDDEN: .*3478.*LANRAGE_STUN_PORT/],
    ['EADDRNOTAVAIL', /^error ADDRESS_NOT_HERE: 0\.0\.0\.0 .*LANRAGE_RELAY_BIND/],
  ])('is told in one line: %s', (code, line) => {
    const fault = portFault(Object.assign(new Error('bind'), { code }), wanted);
    expect(fault).toMatch(line);
    expect(fault).not.toContain('\n');
  });

  it('is not the reason for everything', () => {
    expect(portFault(Object.assign(new Error('bind'), { code: 'EMFILE' }), wanted)).toBeNull();
  });
});
