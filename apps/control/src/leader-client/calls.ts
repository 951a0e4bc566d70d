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

/** The names of all calls of a contract, `<part>.<call>`; the compiler tells of one that is missing, or too many. */
export type CallNames<Calls> = Readonly<
  Record<
    { [Part in keyof Calls & string]: `${Part}.${keyof Calls[Part] & string}` }[keyof Calls & string],
    true
  >
>;

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

/**
 * Serves a call.
 * @param names the calls of the contract: nothing else that the serving object can do is to be had by its name
 * @throws Error for another name, as of a node of another version
 */
export function dispatch<Calls extends object>(
  calls: Calls,
  names: CallNames<Calls>,
  name: string,
  payload: unknown,
): unknown {
  const [part = '', call = ''] = name.split('.');
  const served = (calls as Record<string, Record<string, (payload: unknown) => unknown>>)[part];
  const handler = Object.hasOwn(names, name) ? served?.[call] : undefined;
  if (!handler) throw new Error(`no such call: ${name}`);
  return handler.call(served, payload);
}
