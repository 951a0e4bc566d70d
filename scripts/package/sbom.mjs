// What a package is made of, as a bill of materials: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup.mjs';
import { lockedEntry } from './fetch.mjs';

/**
 * @param product name, version, licence of what is handed out
 * @param folders of the npm packages in it, such as `node_modules/zod`
 * @param others components that are none of those
 * @param date in seconds since 1970
 */
export function billOfMaterials({ name, version, license }, folders, others, date) {
  const components = [...new Set(folders)].sort().map(componentOf);
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(date * 1000).toISOString(),
      component: { type: 'application', 'bom-ref': name, name, version, licenses: [{ expression: license }] },
    },
    components: [...components, ...others],
  };
}

/** @param integrity as in a lock file */
export function component({ name, version, license, integrity }) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const [group, ownName] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const content = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
  return {
    type: 'library',
    'bom-ref': purl,
    ...(group && { group }),
    name: ownName,
    version,
    licenses: [{ expression: license }],
    purl,
    hashes: [{ alg: 'SHA-512', content }],
  };
}

function componentOf(folder) {
  const { version, integrity, license } = lockedEntry(folder);
  const name = folder.replace(/^.*node_modules\//, '');
  return component({
    name,
    version,
    license: license ?? manifestOf(folder).license ?? 'NOASSERTION',
    integrity,
  });
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
}
