/** A server with IPv6 and IPv4 addresses that is farther away than Node gives each of them by default: 250 ms. */
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { writeHosts } from '../lab/names';
import { LabRelay } from './support/lab-relay';
import { LabServer } from './support/lab-server';
import { PartyAgent } from './support/party-agent';
import { until } from './support/processes';

const DELAY_MS = 200;
const url = 'http://server.lab:8080';

describeLab('a server with addresses of both kinds that is 400 ms away', () => {
  let lab: Lab;
  let server: LabServer;

  beforeAll(async () => {
    lab = await Lab.create();
    const host = await lab.publicHost('server', { ipv6: 'open', delayMs: DELAY_MS });
    server = await LabServer.startControl(host, { LANRAGE_HTTP_BIND: '::', LANRAGE_PUBLIC_URL: url });
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    await lab?.close();
  }, 60_000);

  const ipv4Only = async (name: string) => {
    const host = await lab.publicHost(name);
    const { address, ipv6Address } = server.host;
    await writeHosts(host, { 'server.lab': [ipv6Address ?? '', address] });
    return host;
  };

  it('is reached by a player who has IPv4 alone, and says what happens', async () => {
    const player = await PartyAgent.start(await ipv4Only('player'), { url });
    await player.create('Far out');
    await until('the server is heard', async () => (await player.status()).controlConnected);
    expect(await player.status()).toMatchObject({ status: 'in_party' });
    await player.stop();
  }, 30_000);

  it('is reached by a relay that has IPv4 alone', async () => {
    const relay = await LabRelay.start(await ipv4Only('relay'), url);
    await relay.stop();
  }, 30_000);
});
