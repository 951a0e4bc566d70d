import { wireguardCapture } from '../../../../test/vectors/wireguard';
import { dataCounter, messageType, receiverIndex, senderIndex } from './message';

const { initiation, response, data } = wireguardCapture;

describe('WireGuard messages', () => {
  it('reads what wireguard-go wrote', () => {
    expect([initiation, response, data].map(messageType)).toEqual(['initiation', 'response', 'data']);
    expect(receiverIndex(response, 'response')).toBe(senderIndex(initiation));
    expect(receiverIndex(data, 'data')).toBe(senderIndex(response));
    expect(senderIndex(initiation)).toBe(0xe416_a741 | 0);
    expect(dataCounter(data)).toBe(0);
  });

  it('reads little-endian integers at their places', () => {
    const cookieReply = Buffer.alloc(64);
    cookieReply.set([3, 0, 0, 0, 4, 3, 2, 0xff]);
    expect(messageType(cookieReply)).toBe('cookieReply');
    expect(receiverIndex(cookieReply, 'cookieReply')).toBe(0xff02_0304 | 0);
    const keepalive = Buffer.alloc(32);
    keepalive.set([4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]);
    expect(messageType(keepalive)).toBe('data');
    expect(dataCounter(keepalive)).toBe(2 ** 32 + 2);
  });

  const typed = (type: number, length: number, reserved = 0) => {
    const datagram = Buffer.alloc(length);
    datagram.set([type, 0, 0, reserved].slice(0, length));
    return datagram;
  };
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['less than a type', typed(4, 3)],
    ['a short initiation', typed(1, 147)],
    ['a long initiation', typed(1, 149)],
    ['a short response', typed(2, 91)],
    ['a long cookie reply', typed(3, 65)],
    ['data without a tag', typed(4, 31)],
    ['type 0', typed(0, 148)],
    ['type 5', typed(5, 148)],
    ['a set reserved byte', typed(1, 148, 1)],
  ])('%s is no message', (_name, datagram) => {
    expect(messageType(datagram)).toBeUndefined();
  });
});
