// The player's package: the agent as a service, and the `lanrage` command.
import { root } from '../setup.mjs';
import { run } from './run.mjs';
import { addNode } from './node.mjs';

const place = 'usr/lib/lanrage';
/** Shells, and where Debian's look for what completes a command. */
const completions = {
  bash: 'usr/share/bash-completion/completions/lanrage',
  fish: 'usr/share/fish/vendor_completions.d/lanrage.fish',
  zsh: 'usr/share/zsh/vendor-completions/_lanrage',
};

export const agent = {
  name: 'lanrage',
  programs: ['lanrage'],
  place,
  scripts: 'packaging/agent',
  mostBytes: 35 * 1024 * 1024,
  control: {
    Section: 'net',
    Depends: 'libc6 (>= 2.28), libstdc++6 (>= 8), passwd, util-linux, iproute2, nftables, wireguard-tools',
    Recommends: 'iputils-ping, wireguard-go',
    Description: [
      'LAN games with friends who are somewhere else',
      ' The agent of LANrage: puts this machine into a party, one encrypted virtual LAN',
      ' of the players of a game. It runs as a service; the members of the group lanrage',
      ' use it.',
    ].join('\n'),
  },

  /** @returns the folders of packages that are in it beside those of the programs */
  fill(stage, { isOwnNode }) {
    stage.add('packaging/agent/lanrage', 'usr/bin/lanrage');
    stage.add('packaging/linux/lanrage.desktop', 'usr/share/applications/lanrage.desktop');
    stage.add(
      'dist/apps/client/src/page/assets/icon.svg',
      'usr/share/icons/hicolor/scalable/apps/lanrage.svg',
    );
    stage.add('packaging/agent/lanrage.service', 'usr/lib/systemd/system/lanrage.service');
    for (const file of ['bin/lanrage.mjs', 'bin/load-program.mjs', 'dist/lanrage.js'])
      stage.add(file, `${place}/${file}`);
    for (const file of ['scripts/code-cache.mjs', 'scripts/programs.mjs'])
      stage.add(file, `${place}/${file}`);
    stage.add('dist/apps/client/src/page/assets', `${place}/dist/apps/client/src/page/assets`);
    for (const [shell, file] of Object.entries(completions))
      stage.write(file, run(process.execPath, ['bin/lanrage.mjs', 'completion', shell], root));
    addNode(stage, place, isOwnNode);
    return stage.addKoffi(`${place}/node_modules`);
  },
};
