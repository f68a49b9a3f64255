// @ts-check
/**
 * Safeguards of the copy of users, and of the copies on orders.
 *
 * @type {readonly import('./mutants.mjs').Mutant[]}
 */
export const COPIES = [
  {
    name: 'an older copy replaces a newer one',
    file: 'src/copies/copy-statements.ts',
    from: 'const IS_NO_NEWER = `("copy"."sourceVersion" IS NULL OR "copy"."sourceVersion" <= $2::text)`;',
    to: 'const IS_NO_NEWER = `($2::text IS NOT NULL)`;',
    tests: ['test/sync/user-sync-stream.test.ts'],
  },
  {
    name: 'the checkpoint is written before the rows that it covers',
    file: 'src/sync/leadership.ts',
    from: 'for (const statement of statements) await this.#send(statement);',
    to:
      "for (const sql of ['COMMIT', 'BEGIN']) await this.#send({ sql, parameters: [] }); " +
      'for (const statement of statements) await this.#send(statement);',
    tests: ['test/sync/user-sync-stream.test.ts', 'test/sync/user-sync-leaders.test.ts'],
  },
  {
    name: 'what a former leader writes counts',
    file: 'src/copies/sync-state.ts',
    from: `AND "epoch" = $1::text::bigint`,
    to: 'AND $1::text IS NOT NULL',
    tests: ['test/sync/user-sync-leaders.test.ts'],
  },
  {
    name: 'who was erased is copied again',
    file: 'src/copies/copy-statements.ts',
    from: 'AND "erasures"."deletedAt" IS NOT NULL)`;',
    to: 'AND "erasures"."deletedAt" IS NOT NULL AND FALSE)`;',
    tests: ['test/copies/erasing-users.test.ts'],
  },
  {
    name: 'the copies on orders do not follow',
    file: 'src/copies/copy-statements.ts',
    from: '...(options.follows ? [',
    to: '...(options.follows && options.schema === "" ? [',
    tests: ['test/copies/order-copies.test.ts'],
  },
  {
    name: 'the copies on orders of others follow, too',
    file: 'src/ordering/following-order.repository.ts',
    from: 'WHERE lower("userId") = $1::text AND "copiedAt" IS NOT NULL',
    to: 'WHERE lower("userId") = $1::text',
    tests: ['test/copies/order-copies.test.ts'],
  },
  {
    name: 'an order that was made with an old name keeps it',
    file: 'src/ordering/order-copies.ts',
    from: '"username"::text IS DISTINCT FROM $5::text OR "email"::text IS DISTINCT FROM $6::text',
    to: '"username"::text = $5::text || $6::text',
    tests: ['test/copies/order-copies.test.ts'],
  },
  {
    name: 'a copy that is older than a caller has to see is taken',
    file: 'src/copies/user-sync.service.ts',
    from: "if (after === null || (copy?.sourceVersion ?? '') >= after) return [copy, state];",
    to: "if (after === null || (copy?.sourceVersion ?? '') >= '') return [copy, state];",
    tests: ['test/copies/consistency-token.test.ts'],
  },
  {
    name: 'copies on orders count as late enough before they are',
    file: 'src/copies/sync-state.repository.ts',
    from: "isCovered(toState(row), moment) && row['isFollowing'] === false",
    to: 'isCovered(toState(row), moment)',
    tests: ['test/copies/consistency-token.test.ts'],
  },
  {
    name: 'a MongoDB that runs from a back-up is taken for the one before',
    file: 'src/sync/user-stream.ts',
    from: 'const place = isSameProcess(leader, standing) ?',
    to: 'const place = isSameProcess(leader, standing) || standing.hasReplicaSet ?',
    tests: ['test/sync/user-sync-servers.test.ts'],
  },
  {
    name: 'a backfill takes what is older than where its stream begins',
    file: 'src/sync/user-sync.ts',
    from: 'if (snapshot.at >= than && !isUnsure) return snapshot;',
    to: "if (snapshot.at >= '' && than !== null && !isUnsure) return snapshot;",
    tests: ['test/sync/user-sync-backfill.test.ts'],
  },
  {
    name: 'the copy of who is erased is not held meanwhile',
    file: 'src/copies/copy-statements.ts',
    from: 'AND "deletion"."erases" FOR SHARE OF "deletion")`;',
    to: 'AND "deletion"."erases")`;',
    tests: ['test/copies/erasing-users.test.ts'],
  },
  {
    name: 'who is to be erased is not copied while MongoDB still has it',
    file: 'src/copies/copy-statements.ts',
    from: 'AND "erasures"."deletedAt" IS NOT NULL)`;',
    to: ')`;',
    tests: ['test/copies/erasing-users.test.ts'],
  },
  {
    name: 'a job ends that has read the user too early to follow it',
    file: 'src/ordering/following-order.repository.ts',
    from: '(await this.#postgres.query(NAMED_SINCE, userId, at)).length > 0',
    to: '(await this.#postgres.query(NAMED_SINCE, userId, at)).length > 1',
    tests: ['test/copies/user-following.test.ts'],
  },
  {
    name: 'users who share an id are no finding',
    file: 'src/platform/mongo/shared-ids.ts',
    from: 'if (types.size < 2) return [];',
    to: 'if (types.size < 9) return [];',
    tests: ['test/audit/shared-ids.test.ts'],
  },
  {
    name: 'of users who share an id the copy and the graph read different ones',
    file: 'src/copies/user-snapshot.repository.ts',
    from: '.toSorted((a, b) => rank(b) - rank(a))',
    to: '.toSorted((a, b) => rank(a) - rank(b))',
    tests: ['test/domains/user-keys.test.ts'],
  },
];
