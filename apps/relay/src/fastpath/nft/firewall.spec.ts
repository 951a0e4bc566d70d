import { droppingChain } from './firewall';

const listing = (family: string, policy: string) =>
  [
    `table ${family} filter {`,
    'chain INPUT {',
    'type filter hook input priority filter; policy drop;',
    '}',
    'chain DOCKER-USER {',
    '}',
    'chain FORWARD {',
    `type filter hook forward priority filter; policy ${policy};`,
    '}',
    '}',
  ] as const;

describe('a firewall', () => {
  it.each([
    ['with a policy of its own', [...listing('ip', 'drop')], 'table ip filter chain FORWARD'],
    ['for both families', [...listing('inet', 'drop')], 'table inet filter chain FORWARD'],
    ['that lets pass what nothing forbids', [...listing('ip', 'accept')], undefined],
    ['for the other family', [...listing('ip6', 'drop')], undefined],
    [
      'behind another one',
      [...listing('ip6', 'drop'), ...listing('ip', 'drop')],
      'table ip filter chain FORWARD',
    ],
    ['that is not there', [], undefined],
  ])('%s', (_, lines, chain) => {
    expect(droppingChain(lines, 'ip')).toBe(chain);
  });
});
