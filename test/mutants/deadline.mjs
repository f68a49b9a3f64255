// @ts-check
/**
 * Safeguards of the deadline that operations have.
 *
 * @type {readonly import('./mutants.mjs').Mutant[]}
 */
export const DEADLINE = [
  {
    name: 'a statement whose time is over runs on in PostgreSQL',
    file: 'src/platform/postgres/recording-pool.ts',
    from: 'void requestCancel(this).finally(() => {',
    to: 'void Promise.resolve().finally(() => {',
    tests: ['test/platform/deadline.test.ts'],
  },
  {
    name: 'a connection for which a cancel is under way goes on to another',
    file: 'src/platform/postgres/recording-pool.ts',
    from: 'this.isSpent = true;',
    to: '',
    tests: ['test/platform/deadline.test.ts'],
  },
  {
    name: 'a command whose time is over runs on in MongoDB',
    file: 'src/platform/mongo/mongo.ts',
    from: 'return other === null ? one : AbortSignal.any([one, other]);',
    to: 'return other === null ? one : AbortSignal.any([one]);',
    tests: ['test/platform/deadline.test.ts'],
  },
  {
    name: 'a mutation is cut by the deadline',
    file: 'src/security/time-limit.ts',
    from: 'if (operation?.operation === OperationTypeNode.MUTATION) liftDeadline();',
    to: '',
    tests: ['test/gateway/deadline.test.ts'],
  },
];
