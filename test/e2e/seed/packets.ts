/** What only packets can show: three agents with WireGuard behind NATs of different kinds. */
import { describeLab } from '../../lab/available';
import { Lab } from '../../lab/lab';
import { LabServer } from '../support/lab-server';
import type { PeerStatus } from '../support/lab-player';
import { PartyAgent } from '../support/party-agent';
import { until } from '../support/processes';
import { capture, carry } from '../support/traffic';

export function packetRows(): void {
  describeLab('packets', () => {
    const marker = 'a word in plain text that only friends may read';
    let lab: Lab;
    let server: LabServer;
    /** Behind a port-restricted cone, a symmetric NAT, and none: the first two cannot meet directly. */
    let alice: PartyAgent;
    let bob: PartyAgent;
    let carol: PartyAgent;

    beforeAll(async () => {
      lab = await Lab.create();
      const serverHost = await lab.publicHost('server', { addresses: 2 });
      server = await LabServer.start(serverHost, { LANRAGE_STUN_ALTERNATE_ADDRESS: serverHost.addresses[1] });
      const nats = { alice: 'port_restricted', bob: 'symmetric', carol: 'open' } as const;
      const start = async (name: keyof typeof nats) =>
        PartyAgent.start(await lab.hostBehind(name, nats[name]), server);
      [alice, bob, carol] = await Promise.all([start('alice'), start('bob'), start('carol')]);
      const { partyId } = await alice.create('Packets');
      await Promise.all([bob.join(partyId), carol.join(partyId)]);
      await until('all have met', async () => {
        const types = await Promise.all([seenBy(alice, 'bob'), seenBy(alice, 'carol'), seenBy(bob, 'carol')]);
        return types.map(({ connectionType }) => connectionType).join() === 'relayed,direct,direct';
      });
    }, 120_000);

    afterAll(async () => {
      await Promise.all([alice, bob, carol].map((agent) => agent?.stop()));
      await server?.stop();
      await lab?.close();
    }, 60_000);

    async function seenBy(viewer: PartyAgent, name: string): Promise<PeerStatus> {
      const peer = (await viewer.status()).party.peers.find((one) => one.name === name);
      if (!peer) throw new Error(`no ${name}`);
      return peer;
    }

    it('direct: to the other’s own address, where the NATs let it', async () => {
      const { connectionType, pathEndpoint } = await seenBy(alice, 'carol');
      expect(connectionType).toBe('direct');
      expect(pathEndpoint?.split(':')[0]).toBe(carol.host.address);
    });

    it('relayed: through the relay, whatever the NATs', async () => {
      const { connectionType, pathEndpoint } = await seenBy(alice, 'bob');
      expect(connectionType).toBe('relayed');
      expect(pathEndpoint?.split(':')[0]).toBe(server.host.address);
    });

    it('NAT types, found out by STUN', async () => {
      const types = await Promise.all(
        [alice, bob].map(async (agent) => (await agent.status()).natInfo.natType),
      );
      expect(types).toEqual(['port_restricted_cone', 'symmetric']);
    });

    it('add_peer(): a WireGuard peer with one address', async () => {
      const { publicKey, virtualIp } = await seenBy(alice, 'bob');
      const { stdout } = await alice.host.exec(['wg', 'show', alice.host.interfaceName, 'allowed-ips']);
      expect(stdout).toContain(`${publicKey}\t${virtualIp}/32\n`);
    });

    it('measure_latency(): through the tunnel, as ping(8) does', async () => {
      // A peer that answers later than a status waits has no latency in that one.
      const measured = async () => {
        const peer = await seenBy(alice, 'bob');
        return peer.latencyMs !== null && peer;
      };
      const { latencyMs, virtualIp } = await until('a latency is measured', measured);
      expect(latencyMs).toBeGreaterThan(0);
      expect((await alice.host.exec(['ping', '-n', '-c', '1', virtualIp])).code).toBe(0);
    });

    it('game traffic: encrypted from end to end, and in no log', async () => {
      const atServer = await capture(server.host, 'any');
      const inTunnel = await capture(alice.host, alice.host.interfaceName);
      const { virtualIp } = await seenBy(alice, 'bob');
      expect(await carry('udp', alice.host, bob.host, virtualIp, marker)).toBe(marker);
      // The capture inside the tunnel proves that the search for the marker can find it.
      expect((await inTunnel.stop()).includes(marker)).toBe(true);
      const seenByServer = await atServer.stop();
      expect(seenByServer.length).toBeGreaterThan(marker.length);
      expect(seenByServer.includes(marker)).toBe(false);
      expect(server.logs).not.toContain(marker);
    }, 30_000);
  });
}
