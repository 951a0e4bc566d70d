// A DNS server: name-server.mjs ADDRESS RECORDS; says "ready". RECORDS is JSON, { NAME: [ADDRESS, …] } of either family.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [address, json] = process.argv.slice(2);
const records = JSON.parse(json);
const types = { A: 1, AAAA: 28 };
const NO_SUCH_NAME = 3;
const TTL_SECONDS = 60;

const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
socket.on('message', (query, { address: from, port }) => socket.send(answerTo(query), port, from));
socket.bind(53, address, () => console.log('ready'));

/** RFC 1035 section 4: header, the question as it came, and answers that point to its name. */
function answerTo(query) {
  const { name, type, end } = questionOf(query);
  const known = records[name.toLowerCase()];
  const answers = (known ?? []).filter((each) => type === (isIPv6(each) ? types.AAAA : types.A));
  const header = Buffer.from(query.subarray(0, 12));
  // A response, recursion available; the query's own wish for recursion stays.
  header.writeUInt16BE(0x8080 | (query.readUInt16BE(2) & 0x0100) | (known ? 0 : NO_SUCH_NAME), 2);
  [1, answers.length, 0, 0].forEach((count, index) => header.writeUInt16BE(count, 4 + 2 * index));
  return Buffer.concat([header, query.subarray(12, end), ...answers.map(recordOf)]);
}

function questionOf(query) {
  const labels = [];
  let at = 12;
  for (let length; (length = query[at]) > 0; at += 1 + length)
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function recordOf(text) {
  const bytes = bytesOf(text);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(bytes.length === 16 ? types.AAAA : types.A, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(TTL_SECONDS, 6);
  head.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, bytes]);
}

function bytesOf(text) {
  if (!isIPv6(text)) return Buffer.from(text.split('.').map(Number));
  const hexadecimal = text.replace(/[\d.]+$/, (last) =>
    last.includes('.')
      ? bytesOf(last)
          .toString('hex')
          .replace(/(.{4})(.{4})/, '$1:$2')
      : last,
  );
  const [head, tail] = hexadecimal.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head;
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
