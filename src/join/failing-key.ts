/** One statement for all keys: the answer for each, matched by key. */
export type Batch<V> = (keys: readonly string[], fields: ReadonlySet<string>) => Promise<(key: string) => V>;

/** Statements that looking for the failing keys may take; when they are spent, what is not read yet fails. */
const MAX_EXTRA = 64;

/**
 * The same batch, in which a failing key fails alone: where the failure may be one key's, the batch is halved until its
 * keys are found, and the others are read without them. Any other failure is every key's.
 *
 * @param isKeysFault whether a failure may be due to one key; of a database that is away it is not
 */
export function isolate<V>(batch: Batch<V>, isKeysFault: (error: unknown) => boolean): Batch<V | Error> {
  return async (keys, fields) => {
    let extra = 0;
    const read = async (some: readonly string[]): Promise<(key: string) => V | Error> => {
      try {
        return await batch(some, fields);
      } catch (error) {
        if (some.length < 2 || extra >= MAX_EXTRA || !isKeysFault(error)) return () => error as Error;
        extra += 2;
        const middle = Math.ceil(some.length / 2);
        const ahead = new Set(some.slice(0, middle));
        const [first, second] = await Promise.all([read([...ahead]), read(some.slice(middle))]);
        return (key) => (ahead.has(key) ? first(key) : second(key));
      }
    };
    return read(keys);
  };
}
