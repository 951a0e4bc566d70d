/**
 * What LANrage was asked to be: one test for each thing that the description of the party system promises, under its words
 * and in its order, at the surface that others use. How well each thing is done is the matter of the other suites, and how
 * fast, of the benchmarks.
 *
 *     npm run test:seed
 */
import { addressRows, connectionTypeRows } from './seed/connections';
import { flowRows, integrationRows, monitoringRows } from './seed/flow';
import { futureRows } from './seed/future';
import { lifeRows, managerRows, statusRows } from './seed/manager';
import { partyRows, peerRows } from './seed/model';
import { packetRows } from './seed/packets';
import { errorRows, securityRows } from './seed/refusals';
import { World } from './seed/world';

describe('the party system', () => {
  const world = new World();

  beforeAll(() => world.start(), 60_000);
  afterAll(() => world.stop(), 30_000);

  peerRows(world);
  partyRows(world);
  managerRows(world);
  lifeRows(world);
  statusRows(world);
  flowRows(world);
  addressRows(world);
  connectionTypeRows(world);
  monitoringRows(world);
  integrationRows(world);
  errorRows(world);
  securityRows(world);
  futureRows(world);
});

describe('the party system with WireGuard', () => packetRows());
