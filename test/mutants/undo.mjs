// @ts-check
/**
 * Safeguards of what repairs keep, and of bringing it back.
 *
 * @type {readonly import('./mutants.mjs').Mutant[]}
 */
export const UNDO = [
  {
    name: 'an order that a repair deletes is not kept as it goes',
    file: 'src/ordering/settlement.ts',
    from: 'const whole = repairId === null ? null : await this.#kept.orders();',
    to: 'const whole = null;',
    tests: ['test/audit/undo.test.ts'],
  },
  {
    name: 'a transaction that changes after it was kept is deleted all the same',
    file: 'src/platform/mongo/whole-documents.ts',
    from: "return { _id: { $eq: content['_id'] }, $expr: { $and: isThat } };",
    to: "return isThat.length === 0 ? {} : { _id: { $eq: content['_id'] } };",
    tests: ['test/platform/whole-documents.test.ts'],
  },
  {
    name: 'the names of who is erased stay in what repairs have kept',
    file: 'src/ordering/user-erasure.repository.ts',
    from: 'return eraseKeptRows(this.#postgres, userId, goesOn);',
    to: 'return goesOn() || eraseKeptRows(this.#postgres, userId, goesOn);',
    tests: ['test/audit/undo.test.ts'],
  },
  {
    name: 'a repair keeps the name of who was erased',
    file: 'src/ordering/kept-rows.ts',
    from: 'return `CASE WHEN ${isErased} THEN ${orders.texts} || ${EMPTIED}',
    to: 'return `CASE WHEN false THEN ${orders.texts} || ${EMPTIED}',
    tests: ['test/audit/undo.test.ts'],
  },
  {
    name: 'an undo replaces an amount that was changed since',
    file: 'src/audit/undoing-documents.repository.ts',
    from: 'if (!isOfRepair || !isSame(',
    to: 'if (isOfRepair && !isSame(',
    tests: ['test/audit/undo.test.ts'],
  },
  {
    name: 'an undo replaces a copy that was changed since',
    file: 'src/audit/undoing-copies.repository.ts',
    from: 'if (after === null || differing(after, now).length > 0) return left(CHANGED);\n    const person',
    to: 'if (after === null) return left(CHANGED);\n    const person',
    also: {
      from: 'AND ${users.texts} = $2::text::jsonb AND NOT',
      to: 'AND $2::text IS NOT NULL AND NOT',
    },
    tests: ['test/audit/undo.test.ts'],
  },
  {
    name: 'the transactions of an order that is left come back without it',
    file: 'src/audit/undo.service.ts',
    from: "if (row.place === 'orders' && undone.kind === 'left') orderIsLeft = true;",
    to: '',
    tests: ['test/audit/undo.test.ts'],
  },
  {
    name: 'a tombstone keeps the transaction of an order out that came back',
    file: 'src/audit/undoing-orders.repository.ts',
    from: '      await this.#dropTombstone(key);\n      const isErased',
    to: '      const isErased',
    tests: ['test/audit/undo.test.ts'],
  },
];
