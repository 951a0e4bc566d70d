import fc from 'fast-check';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import {
  classifyNat,
  type ChangeResult,
  type FilteringBehaviour,
  type FilteringObservation,
  type MappingBehaviour,
  type MappingObservation,
} from './classification';

const endpoint = (text: string) => parseEndpoint(text) as Endpoint;
/** Two addresses with two ports each, and somebody else. */
const servers = {
  A1: endpoint('203.0.113.1:3478'),
  A2: endpoint('203.0.113.1:3479'),
  B1: endpoint('203.0.113.2:3478'),
  B2: endpoint('203.0.113.2:3479'),
  C1: endpoint('198.51.100.1:3478'),
};
type ServerName = keyof typeof servers;
const local = { addresses: new Set(['192.168.1.10', '198.51.100.7']), port: 50_000 };

const mappedTo = {
  X: endpoint('192.0.2.1:50000'),
  Y: endpoint('192.0.2.1:61000'),
  Z: endpoint('192.0.2.1:61001'),
  own: endpoint('198.51.100.7:50000'),
  ownOther: endpoint('198.51.100.7:50001'),
};
/** `A1=X B1=Y`: A1 saw the socket at X, B1 at Y. */
const mappings = (text: string): MappingObservation[] =>
  text
    .split(' ')
    .filter(Boolean)
    .map((pair) => pair.split('=') as [ServerName, keyof typeof mappedTo])
    .map(([server, mapped]) => ({ server: servers[server], mapped: mappedTo[mapped] }));

const attempt = (outcome: ChangeResult['outcome'], from: ServerName | null): ChangeResult => ({
  outcome,
  expectedFrom: from && servers[from],
});
/** What A1 could get through: from B2 and from A2. */
const changed = (
  otherAddress: ChangeResult['outcome'],
  otherPort: ChangeResult['outcome'],
): FilteringObservation => ({
  otherAddress: attempt(otherAddress, 'B2'),
  otherPort: attempt(otherPort, 'A2'),
});
const all = 'A1=X A2=X B1=X B2=X';
const classify = (seen: string, filterings: FilteringObservation[] = []) =>
  classifyNat({ mappings: mappings(seen), filterings, local });

describe('the mapping behaviour', () => {
  it.each<[string, MappingBehaviour, Endpoint | null]>([
    ['', 'unknown', null],
    ['A1=X', 'unknown', mappedTo.X],
    ['A1=X A2=X', 'not_port_dependent', mappedTo.X],
    ['A1=X B1=X', 'endpoint_independent', mappedTo.X],
    [all, 'endpoint_independent', mappedTo.X],
    ['A1=own', 'none', mappedTo.own],
    ['A1=own B1=own', 'none', mappedTo.own],
    ['A1=ownOther B1=ownOther', 'endpoint_independent', mappedTo.ownOther],
    ['A1=X A2=Y', 'address_and_port_dependent', null],
    ['A1=X B1=Y B2=Z', 'address_and_port_dependent', null],
    ['A1=X A2=X B1=Y B2=Y', 'address_dependent', null],
    ['A1=X B1=Y B2=Y', 'address_dependent', null],
    ['A1=X A2=X B1=X C1=Y', 'address_dependent', null],
    ['A1=X B1=Y', 'endpoint_dependent', null],
    ['A1=own B1=X', 'endpoint_dependent', null],
  ])('%s: %s', (seen, mapping, publicEndpoint) => {
    expect(classify(seen)).toMatchObject({ mapping, publicEndpoint });
  });

  it.each([
    ['', null],
    ['A1=X', true],
    ['A1=own', true],
    ['A1=Y', false],
    ['A1=X B1=Y', false],
  ])('%s preserves the port: %s', (seen, portPreservation) => {
    expect(classify(seen)).toMatchObject({ portPreservation });
  });
});

describe('the filtering behaviour', () => {
  it.each<[string, FilteringObservation[], string, FilteringBehaviour]>([
    ['nobody was asked', [], all, 'unknown'],
    ['everything arrives', [changed('arrived', 'arrived')], all, 'endpoint_independent'],
    ['only the port arrives', [changed('silent', 'arrived')], all, 'address_dependent'],
    ['nothing arrives', [changed('silent', 'silent')], all, 'address_and_port_dependent'],
    ['what arrived needs no proof of life', [changed('arrived', 'silent')], 'A1=X', 'endpoint_independent'],
    ['the other address is dead', [changed('silent', 'arrived')], 'A1=X A2=X', 'not_port_dependent'],
    ['both are dead', [changed('silent', 'silent')], 'A1=X', 'unknown'],
    ['one address, the port arrives', [changed('refused', 'arrived')], 'A1=X A2=X', 'not_port_dependent'],
    [
      'one address, the port does not arrive',
      [changed('refused', 'silent')],
      'A1=X A2=X',
      'address_and_port_dependent',
    ],
    ['a server that changes nothing', [changed('refused', 'refused')], all, 'unknown'],
    ['no time was left', [changed('unfinished', 'unfinished')], all, 'unknown'],
    [
      'a server that names no other endpoint',
      [{ otherAddress: attempt('silent', null), otherPort: attempt('silent', null) }],
      all,
      'unknown',
    ],
    [
      'an arrival outweighs silence elsewhere',
      [changed('silent', 'silent'), changed('arrived', 'arrived')],
      all,
      'endpoint_independent',
    ],
    [
      'an arrival by the port outweighs silence elsewhere',
      [changed('refused', 'silent'), changed('silent', 'arrived')],
      all,
      'address_dependent',
    ],
  ])('%s', (_name, filterings, seen, filtering) => {
    expect(classify(seen, filterings)).toMatchObject({ filtering });
  });
});

describe('the NAT type', () => {
  const independent = [changed('arrived', 'arrived')];
  const byAddress = [changed('silent', 'arrived')];
  const byPort = [changed('silent', 'silent')];
  const own = 'A1=own A2=own B1=own B2=own';
  const dependent = 'A1=X A2=Y B1=Z B2=Y';
  it.each([
    [own, independent, 'open'],
    // A firewall that translates nothing lets peers in as a NAT does that filters like it.
    [own, byAddress, 'restricted_cone'],
    [own, byPort, 'port_restricted_cone'],
    // The least open of those that fit.
    [own, [], 'port_restricted_cone'],
    [all, independent, 'full_cone'],
    [all, byAddress, 'restricted_cone'],
    [all, byPort, 'port_restricted_cone'],
    [all, [], 'port_restricted_cone'],
    [dependent, independent, 'symmetric'],
    [dependent, byPort, 'symmetric'],
    [dependent, [], 'symmetric'],
    ['A1=X A2=X', byPort, 'port_restricted_cone'],
    ['A1=X A2=X', [changed('refused', 'arrived')], 'restricted_cone'],
    ['A1=X A2=X', [], 'port_restricted_cone'],
    // Two servers with one address each: together they tell the mapping, and one of them the filtering by port.
    ['A1=X A2=X C1=X', [changed('refused', 'silent')], 'port_restricted_cone'],
    ['A1=X A2=X C1=X', [changed('refused', 'arrived')], 'restricted_cone'],
    ['A1=X', independent, 'unknown'],
    ['', [], 'unknown'],
  ])('%s with %j: %s', (seen, filterings, natType) => {
    expect(classify(seen, filterings)).toMatchObject({ natType });
  });

  const anyServer = fc.constantFrom(...Object.values(servers));
  const anyAttempt: fc.Arbitrary<ChangeResult> = fc.record({
    outcome: fc.constantFrom('arrived', 'silent', 'refused', 'unfinished'),
    expectedFrom: fc.option(anyServer),
  });
  it('does not depend on the order of the answers, and never gets more certain by losing some', () => {
    const evidence = fc.record({
      seen: fc.uniqueArray(
        fc.record({ server: anyServer, mapped: fc.constantFrom(...Object.values(mappedTo)) }),
        { selector: ({ server }) => server },
      ),
      filterings: fc.array(fc.record({ otherAddress: anyAttempt, otherPort: anyAttempt }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(evidence, ({ seen, filterings }) => {
        const { natType, mapping } = classifyNat({ mappings: seen, filterings, local });
        const turned = classifyNat({
          mappings: [...seen].reverse(),
          filterings: [...filterings].reverse(),
          local,
        });
        expect(turned).toMatchObject({ natType, mapping });
        const fewer = classifyNat({ mappings: seen.slice(1), filterings, local });
        if (natType === 'unknown') expect(fewer.natType).toBe('unknown');
      }),
    );
  });
});
