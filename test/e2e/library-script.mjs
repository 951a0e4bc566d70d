// What a program of one's own does with the library, from beginning to end. Nothing ends the process.
import lanrage from '../../dist/apps/client/src/index.js';

const { loadConfig, NetworkManager, PartyManager } = lanrage;
const config = loadConfig();
const network = new NetworkManager(config);
await network.initialize();
const parties = new PartyManager(config, network);
if (process.argv[2] !== 'offline') {
  await Promise.all([parties.initializeControl(), parties.initializeNat()]);
  const party = await parties.createParty('Script');
  console.log(party.name, (await parties.getPartyStatus()).guard.state);
  await parties.leaveParty();
  await network.cleanup();
  console.log('cleaned up');
} else {
  await parties.initializeControl().catch(({ code }) => console.log(code));
  await parties.close();
  console.log('closed');
}
