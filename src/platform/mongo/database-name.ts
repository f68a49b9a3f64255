import type { MongoDatabase } from './mongo.js';

/** Databases of the server's own. */
const SYSTEM = new Set(['admin', 'config', 'local']);

/** The databases, among those that this user may see, that have one of these collections, as they are called there. */
export async function databasesWith(mongo: MongoDatabase, collections: readonly string[]): Promise<readonly string[]> {
  const { databases } = await mongo
    .run((db) => db.admin().listDatabases({ nameOnly: true, authorizedDatabases: true }))
    .catch(() => ({ databases: [] }));
  const found = databases
    .filter(({ name }) => !SYSTEM.has(name))
    .map(async ({ name }) => {
      const client = mongo.connection.getClient();
      const there = await mongo.run(() =>
        client.db(name).listCollections({}, { nameOnly: true, authorizedCollections: true }).toArray(),
      );
      return there.some((collection) => collections.includes(collection.name)) ? name : null;
    });
  return (await Promise.all(found)).filter((name) => name !== null);
}
