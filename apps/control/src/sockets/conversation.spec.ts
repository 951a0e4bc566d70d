import { BYTES_BEFORE_SIGN_IN, Conversation, type EnginePacket, type NamespaceRules } from './conversation';

const rules: NamespaceRules = {
  name: '/agents',
  acknowledges: false,
  packets: { perSecond: 10, burst: 20 },
  bytes: { perSecond: 1000, burst: 10_000 },
  unreadBytes: 1000,
  sharesAddress: true,
};
const relayRules = { ...rules, name: '/relays', acknowledges: true };
const namespaces = new Map([rules, relayRules].map((each) => [each.name, each]));

const message = (data: unknown): EnginePacket => ({ type: 'message', data });
const stranger = () => new Conversation(namespaces);
const member = (of = rules) => {
  const conversation = stranger();
  conversation.receivedPacket(message(`0${of.name},{}`), 0);
  conversation.signedIn(of, 0);
  return conversation;
};

describe('before the sign-in', () => {
  it.each<[string, EnginePacket, string | null]>([
    ['CONNECT to a namespace that checks', message('0/agents,{"token":"x"}'), null],
    ['CONNECT without anything', message('0/agents'), null],
    ['CONNECT to the default namespace', message('0'), 'wrong namespace'],
    ['CONNECT to the default namespace, with a token', message('0{"token":"x"}'), 'wrong namespace'],
    ['CONNECT to an unknown one', message('0/admin,'), 'wrong namespace'],
    ['CONNECT to one that only begins alike', message('0/agents2,'), 'wrong namespace'],
    ['an event', message('2/agents,["party.get",{}]'), 'unexpected packet'],
    ['nothing', message(''), 'unexpected packet'],
    ['attachments', message('51-/agents,["x",{"_placeholder":true,"num":0}]'), 'binary'],
    ['bytes', message(Buffer.of(1)), 'binary'],
    ['a pong', { type: 'pong' }, null],
    ['a ping', { type: 'ping' }, 'unexpected packet'],
    ['a change of transport', { type: 'upgrade' }, 'unexpected packet'],
    ['what cannot be parsed', { type: 'error' }, 'unexpected packet'],
  ])('%s', (_what, packet, violation) => {
    expect(stranger().receivedPacket(packet, 0)).toBe(violation);
  });

  it('takes one CONNECT, whatever becomes of it', () => {
    const conversation = stranger();
    expect(conversation.receivedPacket(message('0/agents,{"token":"bad"}'), 0)).toBeNull();
    expect(conversation.receivedPacket(message('0/agents,{"token":"bad"}'), 0)).toBe('unexpected packet');
    expect(conversation.receivedPacket(message('0/relays,{}'), 0)).toBe('unexpected packet');
  });

  it('takes few bytes, however long they take', () => {
    const conversation = stranger();
    expect(conversation.received(BYTES_BEFORE_SIGN_IN - 1, 0)).toBeNull();
    expect(conversation.received(1, 1e9)).toBeNull();
    expect(conversation.received(1, 2e9)).toBe('too large before sign-in');
  });
});

describe('after the sign-in', () => {
  it.each<[string, NamespaceRules, EnginePacket, string | null]>([
    ['an event', rules, message('2/agents,1["party.get",{}]'), null],
    ['a pong', rules, { type: 'pong' }, null],
    ['CONNECT again', rules, message('0/agents,{}'), 'unexpected packet'],
    ['CONNECT to another namespace', rules, message('0/relays,{}'), 'wrong namespace'],
    ['an event for another namespace', rules, message('2/relays,["load",{}]'), 'wrong namespace'],
    ['an event for the default namespace', rules, message('2["load",{}]'), 'wrong namespace'],
    ['an acknowledgement that nobody waits for', rules, message('3/agents,1[]'), 'unexpected packet'],
    ['an acknowledgement of a relay', relayRules, message('3/relays,1[{}]'), null],
    ['what only servers say', rules, message('4/agents,{}'), 'unexpected packet'],
    ['attachments', rules, message('51-/agents,["x"]'), 'binary'],
  ])('%s', (_what, of, packet, violation) => {
    expect(member(of).receivedPacket(packet, 0)).toBe(violation);
  });

  it('ends with DISCONNECT', () => {
    const conversation = member();
    expect(conversation.receivedPacket(message('1/agents,'), 0)).toBeNull();
    expect(conversation.receivedPacket(message('2/agents,["party.get",{}]'), 0)).toBe('unexpected packet');
    expect(conversation.receivedPacket(message('0/agents,{}'), 0)).toBe('unexpected packet');
  });

  it('takes packets of all kinds at one rate', () => {
    const conversation = member();
    for (let sent = 0; sent < 10; sent++) {
      expect(conversation.receivedPacket({ type: 'pong' }, 0)).toBeNull();
      expect(conversation.receivedControlFrame(0)).toBeNull();
    }
    expect(conversation.receivedControlFrame(0)).toBe('too many packets');
    expect(conversation.receivedPacket(message('2/agents,["x"]'), 50)).toBe('too many packets');
    expect(conversation.receivedPacket(message('2/agents,["x"]'), 100)).toBeNull();
  });

  it('takes bytes at another', () => {
    const conversation = member();
    expect(conversation.received(10_000, 0)).toBeNull();
    expect(conversation.received(1, 0)).toBe('too many bytes');
    expect(conversation.received(1000, 1000)).toBeNull();
  });
});
