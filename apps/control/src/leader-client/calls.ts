/** Calls that are made by name, `<part>.<call>`, on whichever node serves them; see contract.ts. */

type Call<Payload extends unknown[], Answer> = (...payload: Payload) => Answer;

/** The calls of a contract as the caller has them: answers come later, from wherever they are served. */
export type Asked<Calls> = {
  readonly [Part in keyof Calls]: {
    readonly [Name in keyof Calls[Part]]: Calls[Part][Name] extends Call<infer Payload, infer Answer>
      ? Call<Payload, Promise<Awaited<Answer>>>
      : never;
  };
};

/** The calls of a contract as somebody has them who waits for no answer. */
export type Told<Calls, Done = void> = {
  readonly [Part in keyof Calls]: {
    readonly [Name in keyof Calls[Part]]: Calls[Part][Name] extends Call<infer Payload, unknown>
      ? Call<Payload, Done>
      : never;
  };
};

/** Makes calls of what looks like the object that serves them. @param send takes a call's name and payload there */
export function remote<Calls extends object>(send: (name: string, payload: object) => unknown): Calls {
  const part = (of: string) =>
    new Proxy(
      {},
      {
        get:
          (_, name: string) =>
          (payload: object = {}) =>
            send(`${of}.${name}`, payload),
      },
    );
  return new Proxy({}, { get: (_, name: string) => part(name) }) as Calls;
}

/** Serves a call. @throws Error for one that there is not, as of a node of another version */
export function dispatch(calls: object, name: string, payload: unknown): unknown {
  const [part = '', call = ''] = name.split('.');
  const served = Object.hasOwn(calls, part) ? (calls as Record<string, Record<string, unknown>>)[part] : {};
  const handler = served?.[call];
  if (typeof handler !== 'function') throw new Error(`no such call: ${name}`);
  return handler.call(served, payload) as unknown;
}
