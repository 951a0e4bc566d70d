// An agent, driven over IPC. Requests carry an `id` that the answer repeats; what happens by itself is
// sent as `{ event, atMs }`. Times are Unix times, comparable across the processes of one machine.
import lanrage from '../../../dist/apps/client/src/index.js';

const { loadConfig, NetworkManager, PartyManager } = lanrage;
const config = loadConfig();
const network = new NetworkManager(config);
await network.initialize();
const parties = new PartyManager(config, network);
parties.control.on('event', ({ name }) => {
  if (name === 'path.attempt') process.send({ event: 'told', atMs: Date.now() });
});
parties.on('connectionChanged', ({ connectionType, pathEndpoint, reason }) =>
  process.send({ event: connectionType, atMs: Date.now(), pathEndpoint, reason: reason.code }),
);
await Promise.all([parties.initializeControl(), parties.initializeNat()]);
process.send({ event: 'ready', atMs: Date.now() });

const operations = {
  create: async ({ name }) => entered(await parties.createParty(name)),
  join: async ({ partyId }) => entered(await parties.joinParty(partyId)),
  leave: async () => {
    await parties.leaveParty();
    return {};
  },
  rename: async ({ name }) => {
    await parties.rename(name);
    return {};
  },
  kick: async ({ peerId }) => {
    await parties.hosting.kick(peerId);
    return {};
  },
  meets: ({ players }) =>
    new Promise((resolve) => {
      const look = () => {
        const others = parties.currentParty?.getPeerList().filter(({ isSelf }) => !isSelf) ?? [];
        const isConnected = ({ connectionType }) => ['relayed', 'direct'].includes(connectionType);
        if (others.length !== players - 1 || !others.every(isConnected)) return;
        parties.off('connectionChanged', look);
        resolve({ atMs: Date.now() });
      };
      parties.on('connectionChanged', look);
      look();
    }),
  status: async () => printed(await parties.getPartyStatus()),
  games: async () => printed(await parties.getPartyStatus({ games: true })),
  cpu: async () => {
    const { user, system } = process.cpuUsage();
    return { cpuMs: (user + system) / 1000 };
  },
};

function printed(status) {
  return status.party ? { ...status, party: status.party.toJSON() } : status;
}

function entered(party) {
  const self = party.getPeerList().find(({ isSelf }) => isSelf);
  return { partyId: party.id, virtualIp: self.virtualIp };
}

process.on('message', async ({ id, operation, ...request }) => {
  const calledAtMs = Date.now();
  try {
    const result = await operations[operation](request);
    process.send({ id, result: { ...result, calledAtMs, returnedAtMs: Date.now() } });
  } catch (error) {
    process.send({ id, error: String(error) });
  }
});
process.on('disconnect', async () => {
  await parties.close();
  process.exit();
});
