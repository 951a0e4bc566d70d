/** Jest's order of test files, with the longest first: a long one that comes last leaves the other workers idle. */
const Sequencer = require('@jest/test-sequencer').default;

/** The end-to-end suites that take a minute or more. */
const long = [
  'attacks',
  'direct-paths',
  'watchdog',
  'fuzz-control',
  'relay-fast-path',
  'agent-cli',
  'port-mapping',
  'control-nodes',
  'relay-wireguard',
  'outages-nodes',
  'outages',
  'hosting',
  'relay-outages',
];

const rank = ({ path }) => {
  const index = long.findIndex((name) => path.endsWith(`/${name}.e2e-spec.ts`));
  return index === -1 ? long.length : index;
};

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
};
