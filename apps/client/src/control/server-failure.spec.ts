import { explainAnswer, explainFailure } from './server-failure';

const server = new URL('https://play.example:8443/lan');

function failure(code: string, cause?: unknown): Error {
  return Object.assign(new Error('fetch failed', { cause }), { code });
}

describe('why a server gave no answer', () => {
  it.each([
    ['ENOTFOUND', 'There is no play.example.'],
    ['EAI_AGAIN', 'no DNS server answers'],
    ['ENETUNREACH', 'No route leads'],
    ['UND_ERR_CONNECT_TIMEOUT', 'does not answer on port 8443'],
    ['CERT_NOT_YET_VALID', 'is not valid yet'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS'],
    ['a code of tomorrow', 'https://play.example:8443/lan does not answer'],
  ])('%s', (code, words) => {
    expect(explainFailure(failure(code), server)).toContain(words);
  });

  it('is what caused the error, when the error itself says nothing', () => {
    expect(explainFailure(failure('unknown', failure('ECONNREFUSED')), server)).toContain('nothing listens');
  });

  it('is what the last address met, of those that a route leads to', () => {
    const both = new AggregateError([failure('ENETUNREACH'), failure('ECONNREFUSED')]);
    expect(explainFailure(both, server)).toContain('nothing listens');
    const reversed = new AggregateError([failure('ETIMEDOUT'), failure('ENETUNREACH')]);
    expect(explainFailure(reversed, server)).toContain('does not answer on port 8443');
  });

  it('is that there is no IPv4 here, where nothing else keeps the server away', () => {
    const none = { kind: 'none' } as const;
    expect(explainFailure(failure('ENETUNREACH'), server, none)).toContain(
      'has only an IPv4 address, and this network has none',
    );
    expect(explainFailure(failure('ECONNREFUSED'), server, none)).toContain('nothing listens');
    expect(explainFailure(failure('ENETUNREACH'), server, { kind: 'nat64' })).toContain('No route leads');
  });

  it('is a time-out, by the name of the error', () => {
    expect(explainFailure(new DOMException('aborted', 'TimeoutError'), server)).toContain(
      'does not answer on',
    );
  });

  it.each([null, undefined, 'ECONNREFUSED', {}])('is not known of %p', (thrown) => {
    expect(explainFailure(thrown, server)).toContain('Check LANRAGE_SERVER');
  });
});

describe('an answer that no LANrage server gives', () => {
  it.each([
    [511, true, 'A web page answers'],
    [200, true, 'A web page answers'],
    [302, false, 'redirects to another address'],
    [502, true, 'A proxy answers'],
    [404, true, 'is not answering as a LANrage server (404)'],
  ])('%i', (status, isHtml, words) => {
    expect(explainAnswer({ status, isHtml }, server)).toContain(words);
  });
});
