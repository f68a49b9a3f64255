// @ts-check
/**
 * Safeguards of the protocol of writes to both databases.
 *
 * @type {readonly import('./mutants.mjs').Mutant[]}
 */
export const ORDERING = [
  {
    name: 'the idempotency key is ignored',
    file: 'src/ordering/order-creation.ts',
    from: 'const key = order.idempotencyKey ?? randomUUID();',
    to: 'const key = randomUUID();',
    tests: ['test/ordering/idempotency.test.ts'],
  },
  {
    name: 'the unique key of idempotency keys is dropped',
    file: 'prisma/migrations/002_order_writes/migration.sql',
    from: 'CONSTRAINT "tandem_idempotency_keys_pkey" PRIMARY KEY ("actor", "key")',
    to: 'CONSTRAINT "tandem_idempotency_keys_pkey" CHECK (true)',
    tests: ['test/ordering/idempotency.test.ts'],
  },
  {
    name: 'other input under a used key is taken for the same',
    file: 'src/ordering/order-creation.ts',
    from: 'if (saved.fingerprint !== request.fingerprint) {',
    to: 'if (saved.fingerprint === null) {',
    tests: ['test/ordering/idempotency.test.ts'],
  },
  {
    name: 'refusals are not kept',
    file: 'src/ordering/idempotency.repository.ts',
    from: '    return rows.length > 0;',
    to: '    await this.#postgres.query(`DELETE FROM ${KEYS} WHERE "key" = $1`, key);\n    return rows.length > 0;',
    tests: ['test/ordering/idempotency.test.ts'],
  },
  {
    name: 'the job is enqueued outside the transaction of its order',
    file: 'src/ordering/order.repository.ts',
    from: "if (rows[0] !== undefined) return { kind: 'inserted', held: heldFrom(rows[0]) };",
    to:
      "if (rows[0] !== undefined) { if (mode === 'EVENTUAL') await this.#postgres.query(" +
      '`WITH "order" AS (SELECT * FROM "orders" WHERE "id" = $1::uuid), ${jobOf(this.#postgres.schema, 0, \'TRUE\')} ` + ' +
      "ORDER_AND_JOB, row.id); return { kind: 'inserted', held: heldFrom(rows[0]) }; }",
    also: {
      from: "isPromised ? 'TRUE' : 'FALSE'",
      to: "isRequired ? 'TRUE' : 'FALSE'",
    },
    tests: ['test/ordering/job-with-order.test.ts'],
  },
  {
    name: 'an order is taken back without its key being taken',
    file: 'src/ordering/settlement.ts',
    from: 'if (state.isCertain) return this.#cancel(held, because, false);',
    to: 'if (!state.isCertain) return this.#cancel(held, because, false);',
    tests: ['test/ordering/compensation.test.ts'],
  },
  {
    name: 'two may have an order at once',
    file: 'src/ordering/held-order.repository.ts',
    from: 'AND ("until" IS NULL OR "until" < "now")',
    to: '',
    tests: ['test/ordering/lease.test.ts'],
  },
  {
    name: 'a lease that has run out is taken for one that was given back',
    file: 'src/ordering/order-rows.ts',
    from: "isAbandoned: row['~abandoned'] === true,",
    to: 'isAbandoned: false,',
    tests: ['test/ordering/compensation.test.ts'],
  },
  {
    name: 'what has no answer leaves no trace',
    file: 'src/ordering/certainty.ts',
    from: 'if (isUnknown) state.isCertain = false;',
    to: '',
    tests: ['test/ordering/compensation.test.ts'],
  },
  {
    name: 'a transaction gets any id',
    file: 'src/ordering/payment-id.ts',
    from: "createHash('sha256').update(`payment of order ${orderId}`)",
    to: "createHash('sha256').update(`payment of order ${orderId} ${Math.random()}`)",
    tests: ['test/ordering/transaction-modes.test.ts', 'test/ordering/eventual.test.ts'],
  },
  {
    name: 'unfinished orders are seen',
    file: 'src/domains/order/order.source.ts',
    from: "  hiddenBy: 'unfinished',\n",
    to: '',
    tests: ['test/ordering/visibility.test.ts'],
  },
  {
    name: 'tombstones are seen',
    file: 'src/domains/transaction/transaction.source.ts',
    from: "  hiddenBy: 'voidedAt',\n",
    to: '',
    tests: ['test/ordering/visibility.test.ts'],
  },
  {
    name: 'an older amount wins over a newer',
    file: 'src/ordering/transaction.repository.ts',
    from: 'const isOlder = { $or: [{ amountAsOf: null }, { amountAsOf: { $lte: amountAsOf } }] };',
    to: 'const isOlder = {};',
    also: {
      from: 'isSame ? amountAsOf === null || since >= 0 : since > 0;',
      to: 'isSame;',
    },
    tests: ['test/ordering/amounts.test.ts'],
  },
  {
    name: 'orders do not take the id of their user',
    file: 'src/ordering/user-hold.ts',
    from: "how === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock'",
    to: "how === 'shared' ? 'hashtextextended' : 'pg_advisory_xact_lock'",
    also: {
      from: "SELECT ${lock}(hashtextextended('tandem user ' || $1::text, 0))",
      to: "SELECT ${lock === 'hashtextextended' ? '' : lock}(hashtextextended('tandem user ' || $1::text, 0))",
    },
    tests: ['test/ordering/user-removal-race.test.ts'],
  },
  {
    name: 'the jobs of a worker that has died stay with it',
    file: 'src/sync/presence.ts',
    from: 'if (rows.length === 0) return;',
    to: 'if (rows.length >= 0) return;',
    tests: ['test/sync/presence.test.ts'],
  },
  {
    name: 'a job that was given to others is removed by whoever had it before',
    file: 'src/sync/tasks.ts',
    from: 'if (!(await isOurs(helpers, schema)))',
    to: 'if (!(await isOurs(helpers, schema)) && job.id === "")',
    tests: ['test/sync/worker.test.ts'],
  },
  {
    name: 'a write that MongoDB has no more time for is taken for one that is not sent',
    file: 'src/platform/mongo/mongo-errors.ts',
    from: '(sent || isDeadline(error.cause))',
    to: 'sent',
    tests: ['test/platform/writes.test.ts'],
  },
  {
    name: 'a refusal is taken for the outcome of an attempt before it',
    file: 'src/ordering/certainty.ts',
    from: '!(isPassing(error) || isRefusal(error))',
    to: '!isPassing(error)',
    tests: ['test/ordering/certainty.test.ts'],
  },
  {
    name: 'a change whose COMMIT has no answer is taken for made',
    file: 'src/platform/postgres/known-write.ts',
    from: "return status === 'committed';",
    to: 'return true;',
    tests: ['test/ordering/unknown-change.test.ts'],
  },
  {
    name: 'a call lets go of a user whose deletion a job goes on with',
    file: 'src/ordering/user-removal.ts',
    from: 'state.isCertain = await this.#deletions.abandon(hold);',
    to: 'await this.#deletions.abandon(hold);\n        state.isCertain = true;',
    tests: ['test/ordering/user-hold.test.ts'],
  },
  {
    name: 'copies of a user are emptied before MongoDB has deleted it',
    file: 'src/ordering/user-removal.ts',
    from: "await this.#onStep('userHeld');",
    to: "await this.#erasures.empty(id, () => true);\n    await this.#onStep('userHeld');",
    tests: ['test/ordering/user-erasure.test.ts'],
  },
  {
    name: 'an erasure is begun although the tables keep names',
    file: 'src/ordering/user-deletion.repository.ts',
    from: "...(erase && orders === 'KEEP' ? triedErasure(userId) : []),",
    to: "...(erase && orders !== 'KEEP' ? triedErasure(userId) : []),",
    tests: ['test/ordering/user-erasure.test.ts'],
  },
  {
    name: 'an erasure ends with its first stretch',
    file: 'src/ordering/user-erasure.repository.ts',
    from: 'last = walk.place.map((name) => row?.[name]);',
    to: 'last = walk.place.map((name) => row?.[`${name} of none`]);',
    tests: ['test/ordering/user-erasure.test.ts'],
  },
  {
    name: 'an erasure is done with although copies are left',
    file: 'src/ordering/user-removal.ts',
    from: 'if (!(await this.#erasures.empty(id, goesOn))) return false;',
    to: 'await this.#erasures.empty(id, goesOn);',
    tests: ['test/ordering/user-erasure.test.ts'],
  },
];
