// Datagrams of 1,400 bytes through a port of the compiled relay on loopback; prints how many arrived.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const { chooseUdpPorts } = require('../../dist/apps/relay/src/udp/open.js');
const { pino } = require('pino');

const address = '127.0.0.1';
const sent = 40;
const player = createSocket('udp4').bind(0, address);
await once(player, 'listening');
const open = await chooseUdpPorts(true, pino({ level: 'silent' }));
const back = { address, port: player.address().port };
const port = await open({ address, port: 0 }, { received: () => back, failed: console.error });
let arrived = 0;
player.on('message', () => arrived++);
for (let number = 0; number < sent; number++) player.send(Buffer.alloc(1400, number), port.port, address);
for (let waits = 0; arrived < sent && waits < 100; waits++) await sleep(20);
console.log(JSON.stringify({ sent, arrived }));
await port.close();
player.close();
