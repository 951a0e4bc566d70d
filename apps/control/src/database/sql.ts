/**
 * Statements as tagged templates, run by the driver itself: `sql.rows<[Row]>` and then the text, with each value in its place.
 * Through Prisma a statement takes twice the processor (ADR 29).
 */
import type { ClientBase } from 'pg';

/** A piece of a statement's text that is the same every time, and so no value. */
export class Fragment {
  constructor(readonly text: string) {}
}

/** Text as a {@link Fragment}, with others in it; takes no values. */
export function fragment(texts: TemplateStringsArray, ...parts: (Fragment | number)[]): Fragment {
  return new Fragment(
    String.raw({ raw: texts }, ...parts.map((part) => (part instanceof Fragment ? part.text : part))),
  );
}

export interface Statement {
  /** With `$1`, `$2` … where the values are. */
  readonly text: string;
  readonly values: readonly unknown[];
  /** PostgreSQL prepares it once per connection, under this name: the comment at its head. */
  readonly name?: string;
}

const nameComment = /^\s*\/\*\s*(?<name>\S+)\s*\*\//;

export function statement(texts: TemplateStringsArray, parts: readonly unknown[]): Statement {
  const values: unknown[] = [];
  let text = texts[0] ?? '';
  parts.forEach((part, place) => {
    text += part instanceof Fragment ? part.text : `$${values.push(part)}`;
    text += texts[place + 1] ?? '';
  });
  const name = nameComment.exec(text)?.groups?.['name'];
  return { text, values, ...(name && { name }) };
}

/** Runs statements on one connection, or on whichever of a pool is free. */
export class Sql {
  constructor(private readonly connection: Pick<ClientBase, 'query'>) {}

  /** @returns what the statement gives, by its columns' names */
  async rows<Rows>(texts: TemplateStringsArray, ...parts: readonly unknown[]): Promise<Rows> {
    const { rows } = await this.run(statement(texts, parts));
    return rows as Rows;
  }

  /** @returns how many rows the statement changed */
  async changes(texts: TemplateStringsArray, ...parts: readonly unknown[]): Promise<number> {
    const { rowCount } = await this.run(statement(texts, parts));
    return rowCount ?? 0;
  }

  private run({ values, ...query }: Statement) {
    return this.connection.query({ ...query, values: [...values] });
  }
}
