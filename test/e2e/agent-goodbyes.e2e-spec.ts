/** What becomes of a goodbye that the server did not hear: agents against a real control plane; only WireGuard is a stand-in. */
import { randomBytes } from 'node:crypto';
import { sharedSecret } from '#shared/auth/proof';
import { LanrageError } from '#shared/errors';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { loadIdentity } from '../../apps/client/src/identity';
import { expectedGoodbyeProof } from '../../apps/client/src/network/tunnel-message';
import { TestControl } from './support/control-app';
import { until } from './support/processes';
import { StubPlayer as Player } from './support/stub-player';

describe('a goodbye that the server did not hear', () => {
  let control: TestControl;
  let alice: Player;
  let bob: Player;

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);
  beforeEach(async () => {
    [alice, bob] = await Promise.all([
      Player.connected('Alice', control.url),
      Player.connected('Bob', control.url),
    ]);
  }, 30_000);
  afterEach(() => Promise.all([alice.close(), bob.close()]), 30_000);
  afterAll(() => control.close(), 30_000);

  /** Bob leaves while the server is out of his reach. @returns what his agent says to Alice's */
  const leaveUnheard = async () => {
    const away = new LanrageError('CONTROL_UNAVAILABLE');
    const unheard = jest.spyOn(bob.manager.control, 'leaveParty').mockRejectedValue(away);
    const virtualIp = bob.network.virtualIp as VirtualIp;
    await bob.manager.leaveParty();
    const { leaveTicket } = bob.network;
    const secret = sharedSecret(loadIdentity(bob.home).privateKey, loadIdentity(alice.home).publicKey);
    const said = { type: 'goodbye', nonce: randomBytes(8), leaveTicket } as const;
    const goodbye = { ...said, proof: expectedGoodbyeProof(secret, said) };
    return { unheard, say: () => void alice.network.emit('goodbye', virtualIp, goodbye), leaveTicket };
  };
  const bobIsMember = async (id: string) => (await (await bob.impostor()).tryGet(id)).status === 200;

  it('is handed on by another member', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    await until('Alice sees Bob', () => alice.peers.includes('Bob'));
    const { say } = await leaveUnheard();
    await bob.manager.close();
    expect(await bobIsMember(id)).toBe(true);
    say();
    expect(alice.peers).toEqual(['Alice']);
    await until('the server let Bob go', async () => !(await bobIsMember(id)));
    const leases = await control.query('SELECT departure FROM leases WHERE peer_id = $1', [
      bob.manager.myPeerId,
    ]);
    expect(leases).toEqual([{ departure: 'left' }]);
  });

  it('is handed on when the server is back', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    await until('Alice sees Bob', () => alice.peers.includes('Bob'));
    const { say } = await leaveUnheard();
    await bob.manager.close();
    await control.stop();
    say();
    await until('Alice has lost the server', () => !alice.manager.control.connected);
    await control.start();
    await until('the server let Bob go', async () => !(await bobIsMember(id)));
  }, 30_000);

  it('is told by the next agent in the state folder, where nobody else is', async () => {
    const { id } = await bob.manager.createParty('LAN');
    await leaveUnheard();
    const { home } = bob;
    await bob.manager.close();
    expect(await bobIsMember(id)).toBe(true);
    bob = new Player('Bob', control.url, home);
    await bob.connect();
    await until('the server let Bob go', async () => !(await bobIsMember(id)));
  });

  it('does not end a later stay, whoever hands it on', async () => {
    const { id } = await alice.manager.createParty('LAN');
    await bob.manager.joinParty(id);
    await until('Alice sees Bob', () => alice.peers.includes('Bob'));
    const { unheard, leaveTicket } = await leaveUnheard();
    unheard.mockRestore();
    await bob.manager.joinParty(id);
    const handOn = alice.manager.control.passOnGoodbye(
      id,
      bob.manager.myPeerId,
      leaveTicket ?? Buffer.alloc(16),
    );
    await expect(handOn).rejects.toEqual(expect.objectContaining({ code: 'WRONG_LEAVE_TICKET' }));
    expect(await bobIsMember(id)).toBe(true);
  });
});
