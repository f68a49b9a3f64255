import mongoose from 'mongoose';
import { inject } from 'vitest';
import { onServer, type TestDatabases } from './databases.js';

/** What both servers are doing at this moment for a test file's databases: statements, and commands. */
export async function running({ databaseUrl }: Pick<TestDatabases, 'databaseUrl'>): Promise<readonly string[]> {
  const name = new URL(databaseUrl).pathname.slice(1);
  const statements = await onServer((client) =>
    client.query<{ query: string }>(`SELECT query FROM pg_stat_activity WHERE datname = $1 AND state <> 'idle'`, [
      name,
    ]),
  );
  const client = new mongoose.mongo.MongoClient(inject('mongoUrl'));
  try {
    const commands = await client
      .db('admin')
      .aggregate([{ $currentOp: { allUsers: true } }, { $match: { active: true, ns: { $regex: `^${name}\\.` } } }])
      .toArray();
    return [...statements.rows.map(({ query }) => query), ...commands.map(({ command }) => JSON.stringify(command))];
  } finally {
    await client.close();
  }
}
