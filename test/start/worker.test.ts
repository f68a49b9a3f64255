import mongoose from 'mongoose';
import { expect, test } from 'vitest';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { inMongo } from '../platform/embedded-support.js';
import { gql } from '../support/gql.js';
import { ProjectCopy } from '../support/project-copy.js';
import { ask } from './graph-client.js';
import { useShop } from './shop.js';

const { ObjectId } = mongoose.mongo.BSON;
const ADA = '0123456789abcdef01234567';

const shop = useShop();

const CREATE = gql(`mutation CreateEventualOrder($userId: ID!) {
  createOrder(input: { userId: $userId, total: "12.50", transaction: EVENTUAL }) { order { id transactionState } }
}`);
const STATE = gql(`query StateOfOrder($id: ID!) {
  order(id: $id) { transactionState transactions { nodes { amount } } }
}`);

test('a gateway leaves its jobs to workers of their own, and each stops in order', async () => {
  const project = await ProjectCopy.make();
  expect(await project.npm(['run', 'migrate'], shop.settings).ended()).toEqual({ code: 0, signal: null });
  await inMongo(shop.settings.MONGODB_URI, (db) =>
    db.collection('users').insertOne({ _id: new ObjectId(ADA), username: 'Ada' }),
  );
  const port = String(await freePort());
  const gateway = await project.start({ ...shop.settings, PORT: port, TANDEM_ROLE: 'gateway' });
  const { order } = (await ask(port, CREATE, { userId: ADA })).createOrder;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect((await ask(port, STATE, { id: order.id })).order).toMatchObject({ transactionState: 'PENDING' });

  const worker = project.npm(['run', 'worker'], shop.settings);
  await worker.printed('The worker works on jobs');
  expect(worker.stdout).not.toContain('/graphql');
  await expect
    .poll(async () => (await ask(port, STATE, { id: order.id })).order, { timeout: 10_000 })
    .toEqual({ transactionState: 'RECORDED', transactions: { nodes: [{ amount: '12.50' }] } });
  for (const command of [worker, gateway]) {
    command.signal('SIGTERM');
    expect(await command.ended()).toEqual({ code: 0, signal: null });
    expect(command.complaints).toBe('');
  }
  expect(await shop.sql('SELECT * FROM tandem_workers')).toEqual([]);
});

test('a worker alone needs the databases of others: without them it says so', async () => {
  const project = await ProjectCopy.make();
  const worker = project.npm(['run', 'worker']);
  expect(await worker.ended()).toEqual({ code: 1, signal: null });
  expect(worker.complaints).toContain('a worker alone works on databases that a gateway uses too');
  expect(worker.stdout).not.toContain('Start PostgreSQL');
});

test('npm run jobs and npm run audit look at the embedded databases of a gateway that runs', async () => {
  const project = await ProjectCopy.make();
  await project.start({ PORT: '0' });
  const jobs = project.npm(['run', 'jobs']);
  expect(await jobs.ended()).toEqual({ code: 0, signal: null });
  expect(jobs.stdout).toContain('0 jobs waiting, 0 parked');
  const audit = project.npm(['run', 'audit', '--', '--transactions']);
  expect(await audit.ended()).toEqual({ code: 0, signal: null });
  expect(audit.stdout).toContain('0 lost, 0 double, 0 orphans');
});
