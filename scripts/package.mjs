// `npm run package`: makes what is handed out, in dist/packages, with its sums and bills of materials. Options:
//   NAME …        these alone: lanrage, lanrage-server, library
//   --amd64, --arm64   for this processor alone
//   --check       exit code 1 if a download is larger than it may be
//   --fast        neither compressed nor with the Node that is handed out, but this one: for tests
//   --output FOLDER
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root, setup } from './setup.mjs';
import { agent } from './package/agent.mjs';
import { hashOf, makeDeb } from './package/deb.mjs';
import { sourceDate } from './package/fetch.mjs';
import { makeLibrary } from './package/library.mjs';
import { nodeComponent, nodeFolder } from './package/node.mjs';
import { billOfMaterials } from './package/sbom.mjs';
import { server } from './package/server.mjs';
import { licencesOf, Stage } from './package/stage.mjs';

const LIBRARY = 'library';
const products = [agent, server];
const processors = ['amd64', 'arm64'];

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    amd64: { type: 'boolean' },
    arm64: { type: 'boolean' },
    check: { type: 'boolean' },
    fast: { type: 'boolean' },
    output: { type: 'string', default: join(root, 'dist/packages') },
  },
});
const names = [...products.map(({ name }) => name), LIBRARY];
const unknown = wanted.find((name) => !names.includes(name));
if (unknown) fail(`There is no package ${unknown}; there are: ${names.join(', ')}.`);

setup();
const output = resolve(options.output);
const date = sourceDate();
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const contents = JSON.parse(readFileSync(join(root, 'dist/contents.json'), 'utf8'));
const { version, license, type } = manifest;

try {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const chosen = processors.filter((name) => options[name]);
  const made = products
    .filter(({ name }) => isWanted(name))
    .flatMap((product) => (chosen.length > 0 ? chosen : processors).flatMap((one) => make(product, one)));
  if (isWanted(LIBRARY)) made.push(makeLibrary(manifest, output));
  const sums = made.map((path) => `${hashOf(path, 'sha256')}  ${basename(path)}\n`);
  writeFileSync(join(output, 'SHA256SUMS'), sums.join(''));
  report(made);
} catch (error) {
  fail(error.message);
}

function isWanted(name) {
  return wanted.length === 0 || wanted.includes(name);
}

/** @returns the paths of the package and of its bill of materials */
function make(product, processor) {
  const { name, place } = product;
  const folder = mkdtempSync(join(tmpdir(), 'lanrage-package-'));
  try {
    const stage = new Stage(folder, processor);
    const isFast = options.fast;
    const beside = product.fill(stage, { isOwnNode: isFast });
    const folders = [...new Set([...product.programs.flatMap((one) => contents[one]), ...beside])];
    const own = { name, version, license };
    stage.write(`${place}/package.json`, `${JSON.stringify({ ...own, private: true, type }, null, 2)}\n`);
    const bill = billOfMaterials(own, folders, isFast ? [] : [nodeComponent(processor)], date);
    const billText = `${JSON.stringify(bill, null, 2)}\n`;
    stage.write(`usr/share/doc/${name}/sbom.cdx.json`, billText);
    stage.write(`usr/share/doc/${name}/copyright`, copyrightOf(folders, isFast ? [] : [processor]));
    const control = { Package: name, Version: version, Maintainer: 'LANrage <packages@lanrage.invalid>' };
    const path = makeDeb(
      stage,
      { ...control, Priority: 'optional', ...product.control },
      { scripts: product.scripts, output, date, isFast },
    );
    const billPath = path.replace(/deb$/, 'cdx.json');
    writeFileSync(billPath, billText);
    return [path, billPath];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copyrightOf(folders, nodes) {
  const own = readFileSync(join(root, 'LICENSE'), 'utf8');
  const ofNode = nodes.map((processor) => readFileSync(join(nodeFolder(processor), 'LICENSE'), 'utf8'));
  return [own, 'It holds what others wrote, under their licences:\n', licencesOf(folders), ...ofNode].join(
    '\n',
  );
}

function report(made) {
  const megabytes = (bytes) => (bytes / 1024 / 1024).toFixed(1);
  for (const path of made) console.log(`${megabytes(statSync(path).size).padStart(6)} MB  ${path}`);
  const tooLarge = products.flatMap(({ name, mostBytes }) =>
    made
      .filter((path) => basename(path).startsWith(`${name}_`) && statSync(path).size > mostBytes)
      .map((path) => `${basename(path)} is larger than ${megabytes(mostBytes)} MB`),
  );
  if (options.check && tooLarge.length > 0) fail(tooLarge.join('\n'));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
