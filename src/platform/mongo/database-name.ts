import type { MongoDatabase } from './mongo.js';

/** The database's name in an address, or null where it has none: the driver then takes `test`. */
export function databaseIn(address: string): string | null {
  const [, name = ''] = /^[^:]+:\/\/[^/?]*\/([^?]*)/.exec(address) ?? [];
  return name === '' ? null : decodeURIComponent(name);
}

/** The same address with the name of a database. Who signs in without one does so in `admin`, which is said then. */
export function withDatabase(address: string, name: string): string {
  const named = address.replace(
    /^([^:]+:\/\/[^/?]*)\/?([^/?]*)/,
    (_, server: string) => `${server}/${encodeURIComponent(name)}`,
  );
  if (!named.includes('@') || /[?&]authSource=/i.test(named)) return named;
  return `${named}${named.includes('?') ? '&' : '?'}authSource=admin`;
}

/** Databases of the server's own. */
const SYSTEM = new Set(['admin', 'config', 'local']);

/** The databases, among those that this user may see, that have one of these collections. Changes nothing. */
export async function databasesWith(mongo: MongoDatabase, collections: readonly string[]): Promise<readonly string[]> {
  const names = collections.map((name) => mongo.nameOf(name));
  const { databases } = await mongo.run((db) =>
    db.admin().listDatabases({ nameOnly: true, authorizedDatabases: true }),
  );
  const found = databases
    .filter(({ name }) => !SYSTEM.has(name))
    .map(async ({ name }) => {
      const client = mongo.connection.getClient();
      const there = await mongo.run(() =>
        client
          .db(name)
          .listCollections({ name: { $in: names } }, { nameOnly: true })
          .toArray(),
      );
      return there.length > 0 ? name : null;
    });
  return (await Promise.all(found)).filter((name) => name !== null);
}
