// A program of your own: opens a party, or joins one, shows who is there, and leaves.
//
//     npm run setup                                # once
//     sudo node examples/party.mjs                 # prints the id of a new party, and waits for a friend
//     sudo node examples/party.mjs 1a2b3c4d5e6f    # on the friend's machine
//
// It has the settings of the agent, see README.md, and its state folder, which one program at a time can have.
import { once } from 'node:events';
import { loadConfig, NetworkManager, PartyManager } from 'lanrage';

async function main([partyId]) {
  const config = loadConfig();
  const network = new NetworkManager(config);
  await network.initialize();
  const parties = new PartyManager(config, network);
  process.once('SIGINT', () => parties.close());
  try {
    await Promise.all([parties.initializeNat(), parties.initializeControl()]);
    if (partyId) await visit(parties, partyId);
    else await receive(parties);
    await parties.leaveParty();
  } finally {
    // Leaves if that has not been done, and undoes everything: nothing keeps the process alive after this.
    await parties.close();
  }
}

/** Opens a party, and stays until a friend is there. */
async function receive(parties) {
  const party = await parties.createParty('Test Party');
  console.log(`Party ID: ${party.id}`);
  await once(parties, 'peerJoined');
  await show(parties);
}

/** Joins a party, and stays until somebody leaves it. */
async function visit(parties, partyId) {
  const somebodyLeft = once(parties, 'peerLeft');
  await parties.joinParty(partyId);
  await show(parties);
  await somebodyLeft;
}

async function show(parties) {
  await parties.waitConnected();
  const { party, peerCount, natInfo } = await parties.getPartyStatus();
  console.log(`${party?.name ?? 'No party'}, players: ${peerCount}, NAT: ${natInfo.natType}`);
  for (const { name, virtualIp, connectionType, latencyMs } of party?.getPeerList() ?? []) {
    console.log(`${name}: ${virtualIp}, ${connectionType}, ${latencyMs?.toFixed(1) ?? '-'} ms`);
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`${error.code ?? error.name}: ${error.message}`);
  process.exitCode = 1;
});
