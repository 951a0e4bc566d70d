/** The schemas of the API as its description has them: each under its name, as in `PartySnapshot`. */
import { z } from 'zod';
import * as discovery from '#shared/api/discovery';
import * as hosting from '#shared/api/hosting';
import * as invites from '#shared/api/invites';
import * as party from '#shared/api/party';
import * as rest from '#shared/api/rest';
import * as state from '#shared/api/state';
import * as stats from '#shared/api/stats';

const named = z.registry<{ id: string }>();
for (const module of [discovery, hosting, invites, party, rest, state, stats]) nameSchemas(module);

/** Has the description call the schemas of a module by their names in it. */
export function nameSchemas(module: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(module)) {
    // Queries are described as single parameters.
    const [, id] = /^(\w+?)(?<!Query)Schema$/.exec(name) ?? [];
    if (!id || !(value instanceof z.ZodType) || named.has(value)) continue;
    named.add(value, { id: id.charAt(0).toUpperCase() + id.slice(1) });
  }
}

/** Bodies as they are on the wire, which is the schemas' input on either side. */
export function convert(schema: unknown): { schema: object; components: Record<string, object> } {
  const converted = z.toJSONSchema(schema as z.ZodType, {
    target: 'draft-2020-12',
    io: 'input',
    metadata: named,
    override({ zodSchema, jsonSchema }) {
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (examples) jsonSchema.examples = examples as NonNullable<typeof jsonSchema.examples>;
    },
  });
  const components = converted.$defs ?? {};
  delete converted.$defs;
  delete converted.$schema;
  return { schema: converted, components };
}
