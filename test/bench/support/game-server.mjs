// A server of a game that says nothing until it is asked, and one that announces itself as Minecraft does; ends with its input.
//   node game-server.mjs asked         prints when it listened
//   node game-server.mjs announces     prints when it announced itself first
import { createSocket } from 'node:dgram';

const [kind] = process.argv.slice(2);
const socket = createSocket('udp4');
const answer = Buffer.from('\xff\xff\xff\xffinfoResponse\n\\gamename\\Bench\\hostname\\Bench', 'latin1');

if (kind === 'asked') {
  socket.on('message', (_question, { address, port }) => socket.send(answer, port, address));
  socket.bind(27_960, () => console.log(Date.now()));
} else {
  socket.bind(0, () => {
    socket.send('[MOTD]Bench[/MOTD][AD]54321[/AD]', 4_445, '224.0.2.60', () => console.log(Date.now()));
  });
}
process.stdin.on('end', () => process.exit()).resume();
