/** Errors, and what keeps strangers out. */
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { encodeInviteLink, parseInviteLink } from '#shared/party/invite';
import { postJson, refusal, send } from '../support/control-agent';
import { StubPlayer } from '../support/stub-player';
import { refused, type World } from './world';

export function errorRows(world: World): void {
  describe('error handling', () => {
    const lonely: StubPlayer[] = [];
    const playerAt = (server: string) => {
      const player = new StubPlayer('Nora', server);
      lonely.push(player);
      return player;
    };
    afterAll(() => Promise.all(lonely.map((player) => player.close())));

    it('creating fails: says why, and leaves no party', async () => {
      const { manager } = playerAt('http://127.0.0.1:9');
      const failure = await manager.createParty('My Party').catch((error: Error) => error);
      expect(failure).toMatchObject({
        code: 'CONTROL_UNAVAILABLE',
        message: expect.stringMatching(/127\.0\.0\.1/),
      });
      expect(manager.currentParty).toBeNull();
    });

    it('joining: control plane unavailable, which may pass', async () => {
      const { manager } = playerAt('http://127.0.0.1:9');
      await expect(manager.joinParty(world.party.id, 'Nora')).rejects.toMatchObject({
        code: 'CONTROL_UNAVAILABLE',
        retryable: true,
      });
    });

    it('joining: network issues', async () => {
      const cutOff = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await new Promise((resolve) => cutOff.once('listening', resolve));
      const { port } = cutOff.address() as AddressInfo;
      const { manager } = playerAt(`http://127.0.0.1:${port}`);
      await expect(manager.joinParty(world.party.id)).rejects.toEqual(refused('CONTROL_UNAVAILABLE'));
      cutOff.close();
    });

    it.each([
      ['what is no party id', 'a3f7c2', 'INVALID_PARTY_ID'],
      ['a party that there is not', '0'.repeat(12), 'PARTY_NOT_FOUND'],
    ] as const)('joining: %s', async (_what, id, code) => {
      const olga = await world.player('Olga');
      await expect(olga.manager.joinParty(id, 'Olga')).rejects.toEqual(refused(code));
      expect([olga.manager.currentParty, olga.network.virtualIp]).toEqual([null, null]);
    });

    it('joining: party full', async () => {
      const { id } = await (await world.guest('Host')).create({ maxPeers: 2 });
      await (await world.guest('First')).join(id);
      const late = await (await world.guest('Late')).tryJoin(id);
      expect(refusal(late)).toMatchObject({ status: 409, code: 'PARTY_FULL' });
    });
  });
}

export function securityRows(world: World): void {
  describe('security', () => {
    it('party ids: six random bytes in hex, in no sequence', async () => {
      const host = await world.guest('Host');
      const ids: string[] = [];
      for (let count = 0; count < 16; count++) {
        const { id } = await host.create();
        ids.push(id);
        await host.leave(id);
      }
      for (const id of ids) expect(id).toMatch(/^[0-9a-f]{12}$/);
      // The first of random bytes are nearly all different, and in no order.
      expect(new Set(ids.map((id) => id.slice(0, 4))).size).toBeGreaterThan(12);
      expect(ids).not.toEqual([...ids].sort());
    });

    it('invite-only: in no list, and nothing to see for who is not in it', async () => {
      const { body } = await send(world.control.url, 'GET', '/v1/parties?search=Gaming');
      expect(body).toMatchObject({ parties: [] });
      expect(refusal(await world.stranger.tryGet(world.party.id))).toMatchObject({ code: 'PARTY_NOT_FOUND' });
    });

    it('peers: authenticated by their WireGuard keys', async () => {
      const challenge = await world.stranger.answerChallenge();
      const forged = { ...challenge, proof: randomBytes(32).toString('base64') };
      const answer = await postJson(world.control.url, '/v1/auth/token', forged);
      expect(refusal(answer)).toMatchObject({ status: 401, code: 'PROOF_REJECTED' });
    });

    it('peers: no account, no password', () => {
      expect(world.party.settings.hasPassword).toBe(false);
      expect(world.party.peers.size).toBe(5);
    });

    it('peers: a host whose key was swapped on the way is not joined', async () => {
      const paul = await world.player('Paul');
      const { link } = await world.alice.manager.invites.make();
      const invite = parseInviteLink(link);
      if (!invite) throw new Error('no link');
      // As if she had another key: neither its fingerprint nor its voucher fits.
      const another = { hostFingerprint: randomBytes(16), partyKey: randomBytes(16) };
      const swapped = encodeInviteLink({ ...invite, ...another });
      await expect(paul.manager.joinParty(swapped)).rejects.toEqual(refused('HOST_KEY_MISMATCH'));
      expect(paul.network.peers.size).toBe(0);
    });

    it('privacy: members and their endpoints are seen by members alone', async () => {
      const [, , carol] = world.peers;
      expect(carol?.endpoint).toBe('203.0.113.42:51820');
      const [page, list] = await Promise.all(
        ['/', '/v1/server'].map(async (path) => (await fetch(new URL(path, world.control.url))).text()),
      );
      for (const text of [page, list]) {
        expect(text).not.toContain('203.0.113.42');
        expect(text).not.toContain(carol?.id);
      }
    });

    it('privacy: the server keeps who is in a party, and forgets where', async () => {
      const tables = await world.control.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'",
      );
      const rows = await Promise.all(
        tables.map(({ table_name: name }) => world.control.query(`SELECT * FROM "${String(name)}"`)),
      );
      const kept = JSON.stringify(rows);
      expect(kept).toContain(world.alice.manager.myPeerId);
      expect(kept).not.toContain('203.0.113.42');
    });
  });
}
