/** One statement for all keys: the answer for each, matched by key. */
export type Batch<V> = (keys: readonly string[], fields: ReadonlySet<string>) => Promise<(key: string) => V>;

/** Statements for finding the failing keys, for each halving that a batch of that size allows. */
const EXTRA_PER_HALVING = 16;

/**
 * The same batch, in which a failing key fails alone: where the failure may be one key's, the batch is halved until its
 * keys are found, and the others are read without them. Any other failure is every key's. Where very many keys fail (of
 * 1,000 more than 10 or so), the statements that looking for them may take are spent, and what is not read yet fails.
 *
 * @param isKeysFault whether a failure may be due to one key; of a database that is away it is not
 */
export function isolate<V>(batch: Batch<V>, isKeysFault: (error: unknown) => boolean): Batch<V | Error> {
  return async (keys, fields) => {
    let extra = EXTRA_PER_HALVING * Math.ceil(Math.log2(keys.length + 1));
    const read = async (some: readonly string[]): Promise<(key: string) => V | Error> => {
      try {
        return await batch(some, fields);
      } catch (error) {
        if (some.length < 2 || extra <= 0 || !isKeysFault(error)) return () => error as Error;
        extra -= 2;
        const middle = Math.ceil(some.length / 2);
        const ahead = new Set(some.slice(0, middle));
        // One after the other: a failure of this kind is no reason to take every connection.
        const first = await read([...ahead]);
        const second = await read(some.slice(middle));
        return (key) => (ahead.has(key) ? first(key) : second(key));
      }
    };
    return read(keys);
  };
}
