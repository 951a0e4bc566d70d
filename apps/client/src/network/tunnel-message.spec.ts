import fc from 'fast-check';
import { proofMatches, publicKeyOf, sharedSecret } from '#shared/auth/proof';
import type { PortReport } from './ports/port-report';
import {
  decodeTunnelMessage,
  encodeGoodbye,
  encodePlain,
  encodePortQuestion,
  encodePortReply,
  encodeSizeProbe,
  expectedGoodbyeProof,
} from './tunnel-message';

const nonce = Buffer.from('0001020304050607', 'hex');
const ticket = Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'hex');
const aliceKey = Buffer.alloc(32, 1);
const bobKey = Buffer.alloc(32, 2);
const portReport: PortReport = {
  tcp: { listener: 'loopback', entry: 'firewall' },
  udp: { listener: 'none', entry: 'open' },
};
const secret = sharedSecret(aliceKey, publicKeyOf(bobKey));

describe('messages inside of the tunnel', () => {
  it('are bytes as documented', () => {
    expect(encodePlain('echo_request', nonce).toString('hex')).toBe('4c414e31010000000001020304050607');
    expect(encodePlain('echo_reply', nonce).toString('hex')).toBe('4c414e31020000000001020304050607');
    expect(encodePlain('sent', nonce).toString('hex')).toBe('4c414e31040000000001020304050607');
    expect(encodePlain('check', nonce).toString('hex')).toBe('4c414e31050000000001020304050607');
    expect(encodePlain('heard', nonce).toString('hex')).toBe('4c414e31060000000001020304050607');
    expect(encodePortQuestion(nonce, 25_565).toString('hex')).toBe(
      '4c414e3109000000000102030405060763dd0000',
    );
    expect(encodePortReply(nonce, 25_565, portReport).toString('hex')).toBe(
      '4c414e310a000000000102030405060763dd2311',
    );
    expect(encodePlain('size_reply', nonce).toString('hex')).toBe('4c414e31080000000001020304050607');
    expect(encodeSizeProbe(nonce, 48, true).toString('hex')).toBe('4c414e3107000000000102030405060701000000');
    expect(encodeGoodbye(secret, nonce, null).toString('hex')).toMatch(
      /^4c414e31030000000001020304050607[\da-f]{32}$/,
    );
    expect(encodeGoodbye(secret, nonce, ticket).toString('hex')).toBe(
      `4c414e310b0000000001020304050607${ticket.toString('hex')}2c6cf4cc3021a398cc39b80a20efcf92`,
    );
  });

  it.each(['echo_request', 'echo_reply', 'sent', 'check', 'heard', 'size_reply'] as const)(
    '%s is read as it was written',
    (type) => {
      expect(decodeTunnelMessage(encodePlain(type, nonce))).toEqual({ type, nonce });
    },
  );

  it('about ports are read as they were written', () => {
    expect(decodeTunnelMessage(encodePortQuestion(nonce, 25_565))).toEqual({
      type: 'port_question',
      nonce,
      port: 25_565,
    });
    for (const answer of [portReport, 'busy'] as const)
      expect(decodeTunnelMessage(encodePortReply(nonce, 25_565, answer))).toEqual({
        type: 'port_answer',
        nonce,
        port: 25_565,
        answer,
      });
  });

  it('answer in as many bytes as they ask with', () => {
    expect(encodePortReply(nonce, 1, 'busy')).toHaveLength(encodePortQuestion(nonce, 1).length);
    expect(encodePlain('echo_reply', nonce)).toHaveLength(encodePlain('echo_request', nonce).length);
  });

  it.each([
    [45, false],
    [1_280, true],
  ])(
    'a size probe is as long as the packet of %s bytes is to be, and read as it was written',
    (bytes, isNew) => {
      const probe = encodeSizeProbe(nonce, bytes, isNew);
      expect(probe).toHaveLength(bytes - 28);
      expect(decodeTunnelMessage(probe)).toEqual({ type: 'size_probe', nonce, isNew });
    },
  );

  it.each([
    ['empty', ''],
    ['cut', '4c414e310100000000010203040506'],
    ['lengthened', '4c414e3101000000000102030405060700'],
    ['of another protocol', '4c414e32010000000001020304050607'],
    ['of an unknown type', '4c414e310c0000000001020304050607'],
    ['a size probe without its flag', '4c414e31070000000001020304050607'],
    ['a size probe with another flag', '4c414e3107000000000102030405060702'],
    ['a size probe with something in its padding', '4c414e310700000000010203040506070000000001'],
    ['a lengthened size reply', '4c414e310800000000010203040506070000'],
    ['with something reserved', '4c414e31010000010001020304050607'],
    ['a question about no port', '4c414e3109000000000102030405060700000000'],
    ['a question with an answer', '4c414e3109000000000102030405060763dd2311'],
    ['a question that is cut', '4c414e3109000000000102030405060763dd'],
    ['an answer that nobody knows', '4c414e310a000000000102030405060763dd2371'],
    ['a goodbye without proof', '4c414e31030000000001020304050607'],
    ['a goodbye to be handed on without a ticket', `4c414e310b0000000001020304050607${'0'.repeat(32)}`],
    ['a goodbye alone with a ticket', `4c414e31030000000001020304050607${'0'.repeat(64)}`],
  ])('%s are none', (_name, hex) => {
    expect(decodeTunnelMessage(Buffer.from(hex, 'hex'))).toBeUndefined();
  });

  it('draw no exception from garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (garbage) => {
        const datagram = Buffer.concat([Buffer.from('LAN1'), garbage]);
        expect([undefined, 'echo_request', 'echo_reply', 'goodbye']).toContain(
          decodeTunnelMessage(datagram)?.type,
        );
      }),
    );
  });
});

describe.each([
  ['a goodbye', null],
  ['a goodbye to be handed on', ticket],
])('the proof of %s', (_what, leaveTicket) => {
  const goodbye = decodeTunnelMessage(encodeGoodbye(secret, nonce, leaveTicket));
  if (goodbye?.type !== 'goodbye') throw new Error('not a goodbye');

  it('is accepted by the one it was said to', () => {
    expect(goodbye).toMatchObject({ nonce, leaveTicket });
    const ofBob = sharedSecret(bobKey, publicKeyOf(aliceKey));
    expect(proofMatches(expectedGoodbyeProof(ofBob, goodbye), goodbye.proof)).toBe(true);
  });

  it('cannot be made with other keys, for another nonce or for another ticket', () => {
    const ofStranger = sharedSecret(Buffer.alloc(32, 3), publicKeyOf(bobKey));
    expect(proofMatches(expectedGoodbyeProof(ofStranger, goodbye), goodbye.proof)).toBe(false);
    for (const other of [{ nonce: Buffer.alloc(8) }, { leaveTicket: Buffer.alloc(16) }])
      expect(proofMatches(expectedGoodbyeProof(secret, { ...goodbye, ...other }), goodbye.proof)).toBe(false);
  });
});
