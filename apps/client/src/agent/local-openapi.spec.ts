import { errorCatalogue } from '#shared/errors';
import { localApiSchemas, localPath, type LocalOperation } from './local-api';
import { describeLocalApi } from './local-openapi';

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; summary: string; responses: object }>>;
  components: { schemas: Record<string, { properties?: Record<string, unknown>; oneOf?: unknown[] }> };
}

describe('the description of the local API', () => {
  const text = JSON.stringify(describeLocalApi());
  const document = JSON.parse(text) as Document;

  it('has all operations, with what they answer and refuse', () => {
    expect(document.openapi).toBe('3.1.0');
    const operations = Object.keys(localApiSchemas) as LocalOperation[];
    expect(Object.keys(document.paths).sort()).toEqual(
      [...operations.map(localPath), '/v1/events', '/v1/openapi.json'].sort(),
    );
    for (const { post, get } of Object.values(document.paths)) {
      const { summary, responses } = post ?? get ?? { summary: '', responses: {} };
      expect(summary).not.toBe('');
      expect(Object.keys(responses)).toEqual(['200', 'default']);
    }
  });

  it('names its schemas, and refers to none that is missing', () => {
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference ?? '');
    const missing = references.filter(
      (reference) =>
        document.components.schemas[reference.replace('#/components/schemas/', '')] === undefined,
    );
    expect(missing).toEqual([]);
    expect(new Set(references)).toContain('#/components/schemas/Peer');
    expect(text).not.toMatch(/"\$(schema|id|defs)"/);
    expect(document.components.schemas['Event']?.oneOf).toHaveLength(13);
  });

  it('has the code of every refusal', () => {
    expect(JSON.stringify(document.components.schemas['Error'])).toContain(
      JSON.stringify(Object.keys(errorCatalogue)),
    );
  });
});
