import { isOwnServer, plainTextWarning, withheldText } from './password-rules';

describe('the password of the environment', () => {
  it.each([
    ['https://lan.example', 'https://lan.example/', true],
    ['https://LAN.example:443/', 'https://lan.example', true],
    ['https://lan.example/party', 'https://lan.example/party/', true],
    ['http://lan.example', 'https://lan.example', false],
    ['https://lan.example.evil.test', 'https://lan.example', false],
    ['https://lan.example:8443', 'https://lan.example', false],
    ['https://lan.example/evil', 'https://lan.example', false],
    ['http://192.0.2.1:8080', 'http://127.0.0.1:8080', false],
  ])('for %s, configured %s: %p', (server, ownServer, expected) => {
    expect(isOwnServer({ server, ownServer })).toBe(expected);
  });

  it('is said to be withheld, from whom and for whom', () => {
    const text = withheldText({ server: 'http://evil.test', ownServer: 'https://lan.example' });
    expect(text).toMatch(/https:\/\/lan\.example\/, and is not sent to http:\/\/evil\.test\//);
  });
});

describe('a password over http', () => {
  it.each([
    ['http://203.0.113.7:8080', true],
    ['http://lan.example', true],
    ['http://[2001:db8::1]:8080', true],
    ['http://100.64.0.1', true],
    ['https://lan.example', false],
    ['http://localhost:8080', false],
    ['http://127.0.0.1:8080', false],
    ['http://192.168.1.5:8080', false],
    ['http://[fd00::1]:8080', false],
    ['http://[::1]:8080', false],
  ])('to %s is warned of: %p', (server, expected) => {
    expect(plainTextWarning(server) !== null).toBe(expected);
  });
});
