// The relay's program in the kernel, in whose hands each packet is put by BPF_PROG_TEST_RUN, and which is attached to nothing.
// Answers each message, in the order in which they come.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const relay = (path) => require(`../../../dist/apps/relay/src/${path}.js`);
const { loadSystem, systemError } = require('../../../dist/libs/runtime/src/native/system.js');
const { BpfKernel } = relay('fastpath/bpf/kernel');
const { forwardingProgram, license } = relay('fastpath/bpf/program');
const { layouts, readCounts, readKey, writeKey, writeValue } = relay('fastpath/bpf/elements');

const [local, first, last, card] = process.argv.slice(2);
const ports = { first: Number(first), last: Number(last) };
const isIpv6 = local.includes(':');
const layout = isIpv6 ? layouts.ipv6 : layouts.ipv4;
const [key, value] = [Buffer.alloc(layout.keyBytes), Buffer.alloc(layout.valueBytes)];
const callNumber = process.arch === 'x64' ? 321 : 280;
const testRun = 10;

const system = await loadSystem();
const kernel = new BpfKernel(system);
const map = kernel.createMap('test', { ...layout, maxElements: 8192 });
const program = kernel.loadProgram('test', forwardingProgram({ isIpv6, ports, map }), license);

const requests = {
  insert(flow) {
    writeKey(flow, layout, key);
    writeValue(flow, layout, value);
    kernel.insert(map, key, value);
  },
  /** @returns what was counted */
  remove(flow) {
    writeKey(flow, layout, key);
    return kernel.remove(map, key, value) ? readCounts(value, layout) : undefined;
  },
  /** Puts so many flows in that differ by their index, and says how many different ones a listing has. */
  list({ flow, count }) {
    for (let index = 1; index <= count; index++) requests.insert({ ...flow, index });
    const room = 100;
    const [keys, values] = [Buffer.alloc(room * layout.keyBytes), Buffer.alloc(room * layout.valueBytes)];
    const found = new Set();
    let parts = 0;
    for (const read of kernel.list(map, keys, values, room)) {
      parts++;
      for (let place = 0; place < read; place++)
        found.add(readKey(keys.subarray(place * layout.keyBytes), layout));
    }
    for (let index = 1; index <= count; index++) requests.remove({ ...flow, index });
    return { parts, found: found.size, left: [...kernel.list(map, keys, values, room)] };
  },
  /** @param frame hexadecimal, comes in by the card */
  run(frame) {
    const incoming = Buffer.from(frame, 'hex');
    const outgoing = Buffer.alloc(incoming.length);
    // struct __sk_buff
    const context = Buffer.alloc(192);
    context.writeUInt32LE(Number(readFileSync(`/sys/class/net/${card}/ifindex`, 'utf8')), 40);
    const attributes = Buffer.alloc(128);
    attributes.writeUInt32LE(program, 0);
    attributes.writeUInt32LE(incoming.length, 8);
    attributes.writeUInt32LE(outgoing.length, 12);
    attributes.writeBigUInt64LE(system.addressOf(incoming), 16);
    attributes.writeBigUInt64LE(system.addressOf(outgoing), 24);
    attributes.writeUInt32LE(context.length, 40);
    attributes.writeBigUInt64LE(system.addressOf(context), 48);
    if (system.bpf(callNumber, testRun, attributes, attributes.length) === -1)
      throw systemError(system, 'BPF_PROG_TEST_RUN');
    return { verdict: attributes.readInt32LE(4), frame: outgoing.toString('hex') };
  },
};

process.on('message', ({ request, argument }) => {
  process.send({ answer: requests[request](argument) });
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });
