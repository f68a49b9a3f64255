import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { auditTransactions, type TransactionAudit } from '../../src/audit/transactions.js';
import { main } from '../../src/cli/audit.js';
import { settlingSql } from '../../src/cli/audit-report.js';
import { damage, emptied, ordered, payment } from '../audit/transactions-support.js';
import { useDatabases } from '../support/databases.js';
import { Seed, type Seeded } from '../support/seed.js';
import { run, working } from './commands-support.js';

const databases = useDatabases();
const seed = new Seed(databases);
const audit = (...argv: string[]) => run(main, databases, ...argv);
let ada: Seeded;

beforeEach(async () => {
  await emptied(databases.platform);
  ada = await seed.user();
});

const withoutPayment = async (id: string): Promise<void> => {
  await databases.platform.mongo.run((db) => db.collection('transactions').deleteOne({ _id: payment(id) }));
};

describe('npm run audit', () => {
  test('--transactions says what is sound, and ends with 0', async () => {
    for (const mode of ['NONE', 'REQUIRED', 'EVENTUAL'] as const) await ordered(databases.platform, ada, mode);
    await seed.transaction({ id: randomUUID() });
    expect(await audit('--transactions')).toEqual({
      code: 0,
      printed:
        '\n3 orders, 2 of them with a transaction promised; 2 transactions\n' +
        '0 lost, 0 double, 0 orphans, 0 wrong amounts, 0 acknowledged orders missing, 0 left over from refused ones\n' +
        '1 job waiting, 0 parked\n' +
        '1 transaction of other programs without an order\n' +
        '\nEverything is sound.\n',
    });
  });

  test('shows what is not sound with its remedy, and ends with 1', async () => {
    const id = await ordered(databases.platform, ada, 'REQUIRED');
    await withoutPayment(id);
    const { printed, code } = await audit('--transactions');
    expect(code).toBe(1);
    expect(printed).toContain('\n1 lost, 0 double,');
    expect(printed).toContain(
      `\nLost\n  order ${id}, transaction ${payment(id).toHexString()}: ` +
        'the order is RECORDED, and its transaction is not there\n  → ',
    );
    expect(printed).toMatch(/\n\nProblems were found\.\n$/);
  });

  test('what it says of lost transactions brings them back', async () => {
    const ids = [
      await ordered(databases.platform, ada, 'REQUIRED'),
      await ordered(databases.platform, ada, 'EVENTUAL'),
    ];
    await damage(databases.platform, 'DELETE FROM graphile_worker._private_jobs');
    await withoutPayment(ids[0] ?? '');
    const { printed } = await audit('--transactions');
    const [sql = ''] = /WITH "order" AS .*\n.*FROM "order"/.exec(printed) ?? [];
    expect(sql).toBe(settlingSql('public'));
    for (const id of ids) await damage(databases.platform, sql.replace("'...'", '$1::uuid'), id);
    const waiting = async () => (await auditTransactions(databases.platform)).waiting;
    await working(databases, () => expect.poll(waiting, { timeout: 10_000 }).toBe(0));
    expect(await audit()).toMatchObject({ code: 0 });
  });

  test('--json prints one document and nothing else', async () => {
    const id = await ordered(databases.platform, ada, 'NONE');
    await damage(databases.platform, 'DELETE FROM orders WHERE id = $1::uuid', id);
    const { printed, code } = await audit('--transactions', '--json');
    expect(code).toBe(1);
    const document = JSON.parse(printed) as TransactionAudit;
    expect(document).toMatchObject({
      orders: 0,
      missingOrders: { count: 1, examples: [{ orderId: id }] },
      isSound: false,
    });
  });

  test('--help tells how it is used, and asks no database', async () => {
    const nowhere = { databaseUrl: 'postgres://127.0.0.1:1/none', mongodbUri: 'mongodb://127.0.0.1:1/none' };
    expect(await run(main, nowhere, '--help')).toMatchObject({
      code: 0,
      printed: expect.stringMatching(/^usage: npm run audit/) as string,
    });
  });

  test('a word that it does not know is refused', async () => {
    await expect(audit('--transaction')).rejects.toMatchObject({ code: 'USAGE' });
  });
});
