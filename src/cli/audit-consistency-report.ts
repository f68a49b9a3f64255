import type { ConsistencyAudit } from '../audit/consistency.service.js';
import type { Inconsistencies } from '../audit/consistency.js';
import { unwrappingStatements, type ReferenceGroup } from '../audit/reference-remedies.js';
import { KINDS, type Inconsistency, type InconsistencyKind, type InconsistencyReason } from '../audit/inconsistency.js';
import type { Finding } from '../platform/finding.js';
import { counted, number, printable } from './doctor/words.js';

/** What a collection is called in the database, by the name that its source has. */
type CollectionOf = (name: string) => string;

/** What people read: the counts, then each kind of inconsistency with its first few and what to do. */
export function describeConsistency(audit: ConsistencyAudit, collectionOf: CollectionOf): string {
  return [
    ...countLines(audit),
    ...KINDS.flatMap((kind) => kindLines(kind, audit[kind], collectionOf)),
    ...(audit.isComplete || audit.unproved.length > 0
      ? []
      : ['\nNot every copy could be judged: they are being brought up to date. Run it again later.']),
    ...unprovedLines(audit.unproved),
    '',
    verdict(audit),
  ].join('\n');
}

function verdict({ isSound, unproved, ...audit }: ConsistencyAudit): string {
  if (isSound) return 'Both databases agree.';
  const isFaulty = audit.parkedJobs > 0 || KINDS.some((kind) => audit[kind].count > 0);
  return isFaulty || unproved.length === 0 ? 'Problems were found.' : 'Whether both databases agree is not proved.';
}

/** Why what was not found may be there. */
export function unprovedLines(unproved: readonly Finding[]): readonly string[] {
  if (unproved.length === 0) return [];
  const lines = unproved.flatMap(({ problem, remedy }) => [printable(`  ${problem}`), printable(`  → ${remedy}`)]);
  return ['\nNot proved, and so neither found nor mended: what rests on rows that may be hidden', ...lines];
}

/** For programs: as few examples as people see. */
export function consistencyForPrograms(audit: ConsistencyAudit, collectionOf: CollectionOf): object {
  const kinds = KINDS.map((kind) => {
    const { count, reasons, examples, groups } = audit[kind];
    const statements = unwrappingStatements(groups, collectionOf);
    const ofReferences = groups.length === 0 ? {} : { groups, statements };
    return [kind, { count, reasons, examples: examples.slice(0, SHOWN).map(exampleOf), ...ofReferences }] as const;
  });
  return { ...audit, ...Object.fromEntries(kinds) };
}

/** Findings of one kind that are shown. */
const SHOWN = 20;

function exampleOf({ id, reason, reference, problem }: Inconsistency): object {
  return { id, reason, reference, problem };
}

export const NAMES: Readonly<Record<InconsistencyKind, string>> = {
  danglingOrders: 'orders without their user',
  orphanTransactions: 'transactions without their order',
  wrongAmounts: 'wrong amounts',
  staleCopies: 'stale copies of users',
  conflictingCopies: 'copies of users in conflict',
  staleOrderCopies: 'orders with stale copies',
  wrappedReferences: 'wrapped references',
  otherTypeReferences: 'references to keys of another type',
};

const SUBJECTS: Readonly<Record<InconsistencyKind, string>> = {
  danglingOrders: 'order',
  orphanTransactions: 'transaction',
  wrongAmounts: 'transaction',
  staleCopies: 'user',
  conflictingCopies: 'user',
  staleOrderCopies: 'order',
  wrappedReferences: 'order',
  otherTypeReferences: 'order',
};

const REFERENCES: Readonly<Partial<Record<InconsistencyKind, string>>> = {
  danglingOrders: 'user',
  orphanTransactions: 'order',
  wrongAmounts: 'order',
  staleOrderCopies: 'user',
  wrappedReferences: 'user',
  otherTypeReferences: 'user',
};

const REASONS: Readonly<Record<InconsistencyReason, string>> = {
  NOBODY: 'whom nobody is',
  DELETED: 'deleted',
  MALFORMED: 'by an id that is none',
  NO_ORDER: 'whose order is not there',
  OTHER_AMOUNT: 'other than the total',
  MISSING: 'missing',
  STALE: 'not what the user has',
  NOT_DELETED: 'of users who are gone',
  EMAIL_TAKEN: 'without an e-mail address that another row has',
  ID_SHARED: 'of several users with one id',
  NOT_STORABLE: 'that cannot be held as they are',
  USER_WRAPPED: 'of orders whose user is there',
  ORDER_WRAPPED: 'of transactions whose order is there',
  USER_OF_OTHER_TYPE: 'of orders whose user is there',
  ORDER_OF_OTHER_TYPE: 'of transactions whose order is there',
};

const REMEDIES: Readonly<Record<InconsistencyKind, string>> = {
  danglingOrders:
    'bring the user back, or delete the orders with their transactions: npm run repair -- --dry-run --dangling-orders ' +
    'delete; orders that were kept when their user was deleted may stay',
  orphanTransactions: 'bring the order back, or delete them: npm run repair -- --dry-run --orphan-transactions delete',
  wrongAmounts:
    'what Tandem has recorded gets the total of its order by npm run repair -- --dry-run --wrong-amounts fix; of others ' +
    'correct the amount in MongoDB, or the total by updateOrder',
  staleCopies: 'copy these users again: npm run repair -- --dry-run --stale-copies relink; all of them: npm run sync',
  conflictingCopies:
    'where two have one e-mail address, give one another; where several have one id, insert all but one in MongoDB under ' +
    'another _id, and delete them under this one; else correct the value in MongoDB, or make the column take it: ' +
    'it is copied again by itself, and at once by npm run repair -- --dry-run --conflicting-copies relink',
  staleOrderCopies: 'copy them again: npm run repair -- --dry-run --stale-order-copies relink',
  wrappedReferences: 'delete nothing: each row has its partner. Correct the references, which joins the rows again',
  otherTypeReferences:
    'delete nothing: each row has its partner. The graph joins users by an _id that is an ObjectId, and orders by their id',
};

function countLines(audit: ConsistencyAudit): readonly string[] {
  const { orders, transactions, users, copies, streamLagSeconds, queueLagSeconds, waitingJobs, parkedJobs } = audit;
  const lag =
    streamLagSeconds === null ? 'Users are not copied' : `Copies of users: ${seconds(streamLagSeconds)} behind`;
  const oldest = waitingJobs === 0 ? '' : `, the oldest for ${seconds(queueLagSeconds)}`;
  const jobs = `${counted(waitingJobs, 'job')} waiting${oldest}, ${number(parkedJobs)} parked`;
  return [
    `${counted(orders, 'order')}, ${counted(transactions, 'transaction')}, ${counted(users, 'user')}, ` +
      `${copies === 1 ? '1 copy' : `${number(copies)} copies`} of users`,
    KINDS.map((kind) => `${number(audit[kind].count)} ${NAMES[kind]}`).join(', '),
    `${lag}; ${jobs}${parkedJobs === 0 ? '' : ' ("npm run jobs" lists them)'}`,
  ];
}

function kindLines(
  kind: InconsistencyKind,
  { count, reasons, examples, groups }: Inconsistencies,
  collectionOf: CollectionOf,
): readonly string[] {
  if (count === 0) return [];
  const title = NAMES[kind];
  const why = Object.entries(reasons).map(([reason, of]) => `${number(of)} ${REASONS[reason as InconsistencyReason]}`);
  const rest = count - Math.min(count, SHOWN);
  return [
    `\n${title.slice(0, 1).toUpperCase()}${title.slice(1)}: ${why.join(', ')}`,
    ...examples.slice(0, SHOWN).map((one) => printable(`  ${line(one)}`)),
    ...(rest > 0 ? [`  and ${number(rest)} more`] : []),
    ...groups.flatMap((group) => groupLine(group)),
    `  → ${REMEDIES[kind]}`,
    ...remedyLines(groups, collectionOf),
  ];
}

/** `users' _id are of type string: 100 orders name 50 of them`. */
function groupLine({ reason, what, count, partners }: ReferenceGroup): readonly string[] {
  const isOfOrder = OF_TRANSACTIONS.has(reason);
  const rows = counted(count, isOfOrder ? 'transaction' : 'order');
  const names = count === 1 ? 'names' : 'name';
  if (reason === 'USER_OF_OTHER_TYPE') {
    return [printable(`  users' _id are of type ${what}: ${rows} ${names} ${number(partners)} of them`)];
  }
  if (reason === 'ORDER_OF_OTHER_TYPE') {
    return [printable(`  orders have a field ${what}: ${rows} ${names} ${counted(partners, 'order')} by it`)];
  }
  const field = isOfOrder ? 'orderId' : 'userId';
  const holds = what === 'mentioned' ? 'the id among other text, or in another encoding' : 'the id in a wrapping';
  return [`  ${rows}: ${field} holds ${holds}`];
}

function remedyLines(groups: readonly ReferenceGroup[], collectionOf: CollectionOf): readonly string[] {
  const statements = unwrappingStatements(groups, collectionOf);
  const isByHand = groups.some(({ what }) => what === 'mentioned');
  return [
    ...statements.map((statement) => `    ${statement}`),
    ...(isByHand ? ['    what holds the id among other text, or in another encoding, is corrected by hand'] : []),
  ];
}

/** Reasons that are about transactions, of kinds that are mostly about orders. */
const OF_TRANSACTIONS: ReadonlySet<InconsistencyReason> = new Set(['ORDER_WRAPPED', 'ORDER_OF_OTHER_TYPE']);

/** An inconsistency on one line. */
export function line({ kind, reason, id, reference, problem }: Inconsistency): string {
  const isOfOrder = OF_TRANSACTIONS.has(reason);
  const noun = isOfOrder ? 'order' : REFERENCES[kind];
  const referred = noun === undefined ? '' : `, ${noun} ${reference ?? 'unknown'}`;
  return `${isOfOrder ? 'transaction' : SUBJECTS[kind]} ${id}${referred}: ${problem}`;
}

function seconds(count: number): string {
  return `${number(Math.round(count * 10) / 10)} s`;
}
