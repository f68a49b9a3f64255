import { execFile } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { ProjectCopy } from '../support/project-copy.js';
import { userEnvironment } from '../support/user-environment.js';

const run = promisify(execFile);

const SCRIPT = `
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costOf, fakeScope, FakeDatabases, rows } from 'tandem/testing';
import { orders } from './dist/domains/order/order.source.js';
import { users } from './dist/domains/user/user.source.js';
import { OrderingResolver } from './dist/ordering/ordering.resolver.js';

test('a resolver', async () => {
  const created = new OrderingResolver().createOrder({ userId: 'f'.repeat(24), total: '1' }, fakeScope());
  await assert.rejects(created, { code: 'USER_NOT_FOUND' });
});

test('a query', async () => {
  const userId = 'a'.repeat(24);
  const databases = new FakeDatabases(rows(users, [{ id: userId, username: 'Ada' }]), rows(orders, [{ userId }]));
  const answer = await databases.execute('{ orders { nodes { user { username } } } }');
  assert.deepEqual(answer.data, { orders: { nodes: [{ user: { username: 'Ada' } }] } });
  assert.deepEqual(costOf(answer), { postgres: 1, mongo: 1 });
});
`;

test('node:test runs resolvers on the build with tandem/testing, without vitest, and ends by itself', async () => {
  const project = await ProjectCopy.make();
  const [there, away] = [project.path('node_modules', 'vitest'), project.path('node_modules', '.vitest-away')];
  await rename(there, away);
  // The next copy takes these modules.
  onTestFinished(() => rename(away, there));
  await writeFile(project.path('resolver.test.mjs'), SCRIPT);
  const options = { cwd: project.folder, env: userEnvironment(), timeout: 30_000 };
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'resolver.test.mjs'], options);
  expect(stdout).toMatch(/^# pass 2$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});
