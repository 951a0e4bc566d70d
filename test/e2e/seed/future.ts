/** What the seed left for later. */
import { once } from 'node:events';
import { send, refusal, type TestAgent } from '../support/control-agent';
import type { StubPlayer } from '../support/stub-player';
import { refused, type World } from './world';

export function futureRows(world: World): void {
  describe('enhancements', () => {
    let quinn: StubPlayer;
    let rosa: StubPlayer;
    let guest: TestAgent;
    let partyId: string;

    beforeAll(async () => {
      [quinn, rosa] = await Promise.all([world.player('Quinn'), world.player('Rosa')]);
      guest = await world.guest('Sam');
    });

    it('party passwords', async () => {
      ({ id: partyId } = await quinn.manager.createParty('Club', { password: 'a secret', maxPeers: 3 }));
      await expect(rosa.manager.joinParty(partyId)).rejects.toEqual(refused('PASSWORD_REQUIRED'));
      const wrong = rosa.manager.joinParty(partyId, 'Rosa', { password: 'another' });
      await expect(wrong).rejects.toEqual(refused('WRONG_PASSWORD'));
      const { peers } = await rosa.manager.joinParty(partyId, 'Rosa', { password: 'a secret' });
      expect(peers.size).toBe(2);
    });

    it('kick', async () => {
      const ended = once(rosa.manager, 'ended');
      await quinn.manager.hosting.kick(rosa.manager.myPeerId);
      expect(await ended).toEqual([refused('KICKED')]);
      await quinn.manager.hosting.change({ password: null });
      expect((await rosa.manager.joinParty(partyId)).peers.size).toBe(2);
    });

    it('ban', async () => {
      await guest.join(partyId);
      await quinn.manager.hosting.ban(guest.peerId);
      expect(refusal(await guest.tryJoin(partyId))).toMatchObject({ status: 404, code: 'PARTY_NOT_FOUND' });
      await quinn.manager.hosting.unban(guest.peerId);
    });

    it('size limits', async () => {
      const crowd = await Promise.all(['Tom', 'Una', 'Vera'].map((name) => world.guest(name)));
      const answers = await Promise.all(crowd.map((each) => each.tryJoin(partyId)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    });

    it('public parties', async () => {
      const find = async () => (await send(world.control.url, 'GET', '/v1/parties?search=club')).body;
      expect(await find()).toMatchObject({ parties: [] });
      await quinn.manager.hosting.change({ public: true });
      expect(await find()).toMatchObject({ parties: [{ id: partyId, name: 'Club', maxPeers: 3 }] });
      expect(await find()).not.toHaveProperty('parties.0.peers');
    });

    it('voice chat and screen sharing: a Discord link for the members', async () => {
      const discordUrl = 'https://discord.gg/lanrage';
      await quinn.manager.hosting.change({ discordUrl });
      expect((await (await rosa.impostor()).get(partyId)).settings.discordUrl).toBe(discordUrl);
      const elsewhere = quinn.manager.hosting.change({ discordUrl: 'https://example.org/call' });
      await expect(elsewhere).rejects.toEqual(refused('INVALID_DISCORD_LINK'));
    });

    it('game state: shared, and of two who write at once one wins', async () => {
      const written = await quinn.manager.sharedState.write({ key: 'map', value: 'de_dust2', version: 0 });
      expect((await rosa.manager.sharedState.read()).entries).toEqual([written]);
      const late = rosa.manager.sharedState.write({ key: 'map', value: 'de_nuke', version: 0 });
      await expect(late).rejects.toEqual(refused('STATE_CONFLICT'));
    });

    it('persistent parties', async () => {
      const owner = await world.guest('Wilma');
      const { id } = await owner.create({ persistent: true });
      await owner.leave(id);
      expect((await owner.join(id)).members).toMatchObject([{ id: owner.peerId, virtualIp: '10.66.0.1' }]);
      expect((await owner.ask('DELETE', id)).status).toBeLessThan(300);
    });
  });
}
