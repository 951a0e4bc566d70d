// The Node that a package brings: the official one, from the npm package that holds it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup.mjs';
import { fetchPackage } from './fetch.mjs';
import { component } from './sbom.mjs';

const { version, packages } = JSON.parse(readFileSync(join(root, 'packaging/node.json'), 'utf8'));

/** @param isOwn takes the one that runs this, for tests: it need not be fetched */
export function addNode(stage, place, isOwn) {
  stage.add(isOwn ? process.execPath : join(nodeFolder(stage.processor), 'bin/node'), `${place}/node`);
}

/** Where its licence is. */
export function nodeFolder(processor) {
  const { name, integrity } = packages[processor];
  return fetchPackage(name, version, integrity);
}

/** For a bill of materials. */
export function nodeComponent(processor) {
  return component({ ...packages[processor], version, license: 'MIT' });
}
