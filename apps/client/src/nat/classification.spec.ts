import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { classifyNat } from './classification';

const endpoint = (text: string) => parseEndpoint(text) as Endpoint;
const seen = (server: string, mapped: string) => ({ server: endpoint(server), mapped: endpoint(mapped) });
const local = { addresses: new Set(['192.168.1.2', '203.0.113.5']), port: 40_000 };

describe('from what STUN servers saw', () => {
  it.each([
    ['nothing', [], 'unknown', 'unknown', null],
    [
      'one server, a mapped address: one observation shows no behaviour',
      [seen('192.0.2.1:3478', '198.51.100.7:40000')],
      'unknown',
      'unknown',
      '198.51.100.7:40000',
    ],
    [
      'the own address: no NAT',
      [seen('192.0.2.1:3478', '203.0.113.5:40000')],
      'open',
      'none',
      '203.0.113.5:40000',
    ],
    [
      'the own address with another port: a NAT after all',
      [seen('192.0.2.1:3478', '203.0.113.5:40001')],
      'unknown',
      'unknown',
      '203.0.113.5:40001',
    ],
    [
      'the same mapping from two servers: independent, but the filtering stays unknown',
      [seen('192.0.2.1:3478', '198.51.100.7:1024'), seen('192.0.2.2:3478', '198.51.100.7:1024')],
      'unknown',
      'endpoint_independent',
      '198.51.100.7:1024',
    ],
    [
      'another port for another port of the same server: symmetric',
      [seen('192.0.2.1:3478', '198.51.100.7:1024'), seen('192.0.2.1:3479', '198.51.100.7:1025')],
      'symmetric',
      'endpoint_dependent',
      null,
    ],
    [
      'another address of the NAT: symmetric',
      [seen('192.0.2.1:3478', '198.51.100.7:1024'), seen('192.0.2.2:3478', '198.51.100.8:1024')],
      'symmetric',
      'endpoint_dependent',
      null,
    ],
  ])('%s', (_name, observations, natType, mapping, publicEndpoint) => {
    expect(classifyNat(observations, local)).toEqual({ natType, mapping, publicEndpoint });
  });
});
