// Prints the SQL that makes the tables of a Prisma schema, as Prisma's own engine writes it.
// Usage: node schema-sql.mjs SCHEMA SOCKET_DIRECTORY USER; the engine wants a server to speak to, but changes nothing.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as engine from '@prisma/schema-engine-wasm/schema_engine_bg';

const [path, host, user] = process.argv.slice(2);
const content = readFileSync(path, 'utf8');

// The package leaves loading its WebAssembly to a bundler.
const wasmPath = createRequire(import.meta.url)
  .resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  .replace(/js$/, 'wasm');
const module = await globalThis.WebAssembly.compile(readFileSync(wasmPath));
const { exports } = await globalThis.WebAssembly.instantiate(module, { './schema_engine_bg.js': engine });
engine.__wbg_set_wasm(exports);
exports.__wbindgen_start();

const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ host, user, database: 'postgres' }));
const { SchemaEngine } = engine;
const schemaEngine = await SchemaEngine.new({ datamodels: [[path, content]] }, () => {}, adapter);
const { stdout } = await schemaEngine.diff({
  from: { tag: 'empty' },
  to: { tag: 'schemaDatamodel', files: [{ path, content }] },
  script: true,
  exitCode: null,
  filters: { externalTables: [], externalEnums: [] },
});
process.stdout.write(stdout, () => process.exit());
