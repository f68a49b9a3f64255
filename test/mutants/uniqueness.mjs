// @ts-check
/**
 * Safeguards of what is one: an id, an order number, a transaction, the time of a change.
 *
 * @type {readonly import('./mutants.mjs').Mutant[]}
 */
export const UNIQUENESS = [
  {
    name: 'every order of an id is written',
    file: 'src/ordering/order-identity.ts',
    from: 'WHERE "same"."id" = $1::uuid) = 1`;',
    to: 'WHERE "same"."id" = $1::uuid) >= 1`;',
    tests: ['test/ordering/not-unique.test.ts'],
  },
  {
    name: 'a new order number is not locked',
    file: 'src/ordering/user-hold.ts',
    from: "${lockingUser('$1', 'shared')}, ${lockingNumber('$2')}`",
    to: "${lockingUser('$1', 'shared')}, length($2::text)`",
    tests: ['test/ordering/not-unique.test.ts'],
  },
  {
    name: 'a number that an order is to have is not locked',
    file: 'src/ordering/user-hold.ts',
    from: "sql: taking(lockingNumber('$1'))",
    to: "sql: taking('length($1::text)')",
    tests: ['test/ordering/not-unique.test.ts'],
  },
  {
    name: 'whether a number is taken is not looked up',
    file: 'src/ordering/order-identity.ts',
    from: 'WHERE "other"."orderNumber" = ${number} AND',
    to: 'WHERE "other"."orderNumber" = ${number} AND FALSE AND',
    tests: ['test/ordering/not-unique.test.ts'],
  },
  {
    name: 'of orders that share an id any is shown',
    file: 'src/platform/postgres/source-reader.ts',
    from: '` ORDER BY ${comparedBy(source, field)}, ${fixedOrder(source)}`',
    to: "''",
    tests: ['test/ordering/not-unique.test.ts'],
  },
  {
    name: 'the copies of another user follow on an order of the same id',
    file: 'src/ordering/following-order.repository.ts',
    from: 'WHERE "orders"."id" = "stale"."id" AND lower("orders"."userId") = $1::text',
    to: 'WHERE "orders"."id" = "stale"."id"',
    tests: ['test/ordering/not-unique.test.ts'],
  },
  {
    name: 'whether a table lets an order go is tried in another way than it is deleted',
    file: 'src/ordering/order.repository.ts',
    from: `WITH "gone" AS (DELETE FROM "orders" WHERE "id" = $1::uuid AND "unfinished" IS NULL AND \${IS_ONE} RETURNING 1)
          SELECT count(*)::int AS "gone" FROM "gone"`,
    to: 'DELETE FROM "orders" WHERE "id" = $1::uuid AND "unfinished" IS NULL',
    tests: ['test/ordering/not-unique.test.ts'],
  },
  {
    name: 'a transaction is inserted, as often as it is sent',
    file: 'src/ordering/transaction.repository.ts',
    from: 'const { upsertedCount } = await collection.updateOne({ _id }, upsert, { ...options, upsert: true });',
    to: 'const upsertedCount = (await collection.insertOne({ _id, ...upsert.$setOnInsert }, options)) && 1;',
    tests: ['test/ordering/doubling-collections.test.ts'],
  },
  {
    name: 'an index of a partition, or of a parent, counts for the whole table',
    file: 'src/platform/postgres/uniqueness.ts',
    from: "if (kind === 'table' && !inherited) {",
    to: "if (kind === 'table') {",
    tests: ['test/platform/table-fitness.test.ts'],
  },
  {
    name: 'times are rounded by PostgreSQL',
    file: 'src/ordering/updated-at.ts',
    from: "return `date_bin(${unitOf(column)}, ${time}, timestamptz 'epoch')`;",
    to: 'return `${time}`;',
    tests: ['test/ordering/rounded-times.test.ts'],
  },
  {
    name: 'a change within the unit of its column leaves the time as it was',
    file: 'src/ordering/updated-at.ts',
    from: 'OR ${NEXT_UPDATED_AT} > ${SHOWN_UPDATED_AT})`;',
    to: 'OR TRUE)`;',
    tests: ['test/ordering/rounded-times.test.ts'],
  },
  {
    name: 'the time that a trigger has set is not looked at',
    file: 'src/ordering/order.repository.ts',
    from: 'isEmpty || expectedUpdatedAt === null || rows',
    to: 'true || rows',
    tests: ['test/ordering/rounded-times.test.ts'],
  },
];
