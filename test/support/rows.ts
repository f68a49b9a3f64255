import pg from 'pg';

/** Runs `work` while a transaction of somebody else's is open, which has said a statement; it is rolled back. */
export async function duringTransaction(url: string, statement: string, work: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(statement);
    await work();
  } finally {
    await client.end();
  }
}

/** Runs statements one after the other on a connection of their own, outside of everything that is tested. */
export async function sql(url: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement));
    return rows;
  } finally {
    await client.end();
  }
}
