// An agent for the benchmark, driven over IPC: { create } or { join: partyId }, answered with the moment of the call.
import lanrage from '../../../dist/apps/client/src/index.js';

const { loadConfig, NetworkManager, PartyManager } = lanrage;
const config = loadConfig();
const network = new NetworkManager(config);
await network.initialize();
const parties = new PartyManager(config, network);
await Promise.all([parties.initializeControl(), parties.initializeNat()]);
process.send({ ready: true });

process.on('message', async ({ create, join, leave }) => {
  const calledAtMs = Date.now();
  if (leave) {
    await parties.leaveParty();
    process.send({ left: true });
    return;
  }
  const party = create ? await parties.createParty(create) : await parties.joinParty(join, 'Bob');
  process.send({ partyId: party.id, calledAtMs, returnedAtMs: Date.now() });
});
process.on('disconnect', async () => {
  await parties.close();
  process.exit();
});
