// What tests of resolvers take from `tandem/testing`.
export type { Answer, Operation } from './answer.js';
export { costOf, toHaveCost, type Cost, type Recorded } from './cost-matcher.js';
export { FakeDatabases, fakeScope } from './fake-databases.js';
export { rows, type FakeRow, type FakeTable } from './fake-rows.js';
export { recordStatements, type Statement } from '../platform/statements.js';
