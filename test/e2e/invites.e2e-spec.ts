import { join } from 'node:path';
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { LabPlayer } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { root } from './support/processes';

/** What a host sends its friends, and what they type. */
describeLab('a party that only invite links lead into', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: LabPlayer;
  let bob: LabPlayer;
  let partyId: string;
  let link: string;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'));
    alice = await LabPlayer.at(await lab.hostBehind('alice', 'port_restricted'), server.url);
    bob = await LabPlayer.at(await lab.hostBehind('bob', 'port_restricted'), server.url);
    partyId = (await alice.create('Gaming Night', '--sealed', '--locked')).party.id;
  }, 120_000);

  afterAll(async () => {
    for (const player of [alice, bob]) await player?.stop();
    await server?.stop();
    await lab?.close();
    await Promise.all([alice, bob].map((player) => player?.removeHome()));
  }, 60_000);

  const run = async (player: LabPlayer, ...args: string[]) => {
    const result = await player.run(...args, '--json');
    if (result.code !== 0) throw new Error(`${args.join(' ')}: ${result.stderr}`);
    return JSON.parse(result.stdout) as { link: string; id: string; invites: object[] };
  };

  it('lets in whoever has the link, with nothing else', async () => {
    expect((await bob.run('join', partyId, '--json')).stderr).toContain('"code":"PARTY_SEALED"');
    const invite = await run(alice, 'invite', '--expires', '2h', '--uses', '1');
    ({ link } = invite);
    expect(link.startsWith(`${server.url}/#join=`)).toBe(true);
    expect(await run(alice, 'invites')).toMatchObject({ invites: [{ id: invite.id, uses: 0, maxUses: 1 }] });
    expect((await alice.run('invites')).stdout).toMatch(
      /^ID +GOOD UNTIL +USED\n[0-9a-f]{8} +\d{4}-.* UTC +0 of 1\n$/,
    );

    bob.extraSettings['LANRAGE_SERVER'] = '';
    const { party } = await bob.join(link);
    expect(party).toMatchObject({ id: partyId, settings: { sealed: true, locked: true } });
    await bob.reaches('10.66.0.1');
    for (const player of [alice, bob]) {
      const { peers } = (await player.status()).party;
      expect(peers).toMatchObject([{ vouched: true }, { vouched: true }]);
    }
    expect(await run(alice, 'invites')).toEqual({ invites: [] });
    expect((await bob.run('invite', '--json')).stderr).toContain('"code":"NOT_HOST"');
  }, 60_000);

  it('lets a friend come back by the id, as its agent remembers the key', async () => {
    bob.extraSettings['LANRAGE_SERVER'] = server.url;
    await bob.stop();
    expect((await bob.run('join', link, '--json')).stderr).toContain('"code":"INVITE_EXPIRED"');
    await bob.join(partyId);
    await bob.reaches('10.66.0.1');
    await bob.stop();
  }, 60_000);

  it('shows a QR code on a terminal and nowhere else, and takes links back', async () => {
    const blocks = /[█▀▄]{10}/;
    const words = await alice.run('invite');
    expect(words.stdout).toMatch(/^http:.*#join=[\w-]{80}\n\nValid until \d{4}-/);
    expect(words.stdout).not.toMatch(blocks);
    const command = [process.execPath, join(root, 'bin/lanrage.mjs'), 'invite'].join(' ');
    const onTerminal = await alice.host.exec(['script', '-qec', command, '/dev/null'], {
      env: { LANRAGE_HOME: alice.home },
    });
    expect(onTerminal.stdout).toMatch(blocks);

    const { id } = await run(alice, 'invite');
    await run(alice, 'uninvite', id);
    expect((await alice.run('uninvite', id, '--json')).stderr).toContain('"code":"NO_SUCH_INVITE"');
  }, 60_000);

  it('is nothing that a log ever held', () => {
    const fragment = link.slice(link.indexOf('=') + 1);
    const secret = Buffer.from(fragment, 'base64url').subarray(8, 24);
    for (const logs of [server.logs, alice.logs, bob.logs])
      for (const text of [fragment, secret.toString('base64'), secret.toString('hex')])
        expect(logs).not.toContain(text);
  });
});
