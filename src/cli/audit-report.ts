import type { TransactionAudit } from '../audit/transactions.js';
import type { Findings } from '../audit/transactions-findings.js';
import { addOrderJob } from '../ordering/order-job.js';
import { unprovedLines } from './audit-consistency-report.js';
import { counted, number, printable } from './doctor/words.js';

type Fault = 'lost' | 'doubles' | 'orphans' | 'wrongAmounts' | 'missingOrders' | 'leftovers';

/** What people read: the counts, then each kind of finding with its first few and what to do. */
export function describeAudit(audit: TransactionAudit, schema: string): string {
  const remedies = remediesIn(schema);
  const faults = FAULTS.flatMap(([fault, title]) => faultLines(title, audit[fault], remedies[fault]));
  return [...countLines(audit), ...faults, ...unprovedLines(audit.unproved), '', verdict(audit)].join('\n');
}

function verdict({ isSound, unproved, ...audit }: TransactionAudit): string {
  if (isSound) return 'Everything is sound.';
  const isFaulty = FAULTS.some(([fault]) => audit[fault].count > 0);
  return isFaulty || unproved.length === 0 ? 'Problems were found.' : 'Whether everything is sound is not proved.';
}

const FAULTS: readonly (readonly [Fault, string])[] = [
  ['lost', 'Lost'],
  ['doubles', 'Double'],
  ['orphans', 'Orphans'],
  ['wrongAmounts', 'Wrong amounts'],
  ['missingOrders', 'Acknowledged orders that are missing'],
  ['leftovers', 'Left over from refused orders'],
];

function countLines(audit: TransactionAudit): readonly string[] {
  const { lost, doubles, orphans, wrongAmounts, missingOrders, leftovers, strangers } = audit;
  const aside = [
    ...(audit.unfinished === 0 ? [] : [`${counted(audit.unfinished, 'order')} hidden until a job completes them`]),
    ...(audit.failed === 0 ? [] : [`${counted(audit.failed, 'order')} FAILED`]),
    ...(strangers.count === 0 ? [] : [`${counted(strangers.count, 'transaction')} of other programs without an order`]),
  ];
  return [
    `${counted(audit.orders, 'order')}, ${number(audit.promised)} of them with a transaction promised; ` +
      counted(audit.transactions, 'transaction'),
    `${number(lost.count)} lost, ${number(doubles.count)} double, ${number(orphans.count)} orphans, ` +
      `${number(wrongAmounts.count)} wrong amounts, ${number(missingOrders.count)} acknowledged orders missing, ` +
      `${number(leftovers.count)} left over from refused ones`,
    `${counted(audit.waiting, 'job')} waiting, ${number(audit.parked)} parked` +
      (audit.parked === 0 ? '' : ' ("npm run jobs" lists them)'),
    ...(aside.length === 0 ? [] : [aside.join(', ')]),
  ];
}

function faultLines(title: string, { count, examples }: Findings, remedy: string): readonly string[] {
  if (count === 0) return [];
  const rest = count - examples.length;
  return [
    `\n${title}`,
    ...examples.map(({ orderId, transactionIds, problem }) => {
      const transactions = transactionIds.length === 0 ? '' : `, transaction ${transactionIds.join(' and ')}`;
      return printable(`  order ${orderId ?? 'unknown'}${transactions}: ${problem}`);
    }),
    ...(rest > 0 ? [`  and ${number(rest)} more`] : []),
    `  → ${remedy}`,
  ];
}

function remediesIn(schema: string): Readonly<Record<Fault, string>> {
  return {
    lost:
      'a job that is parked comes back with "npm run jobs -- replay --all"; without one, this records what is missing:\n' +
      `    ${settlingSql(schema)}`,
    doubles:
      'Tandem records one under a key made from the order, and no other: find out who wrote the second, and delete it',
    orphans: 'the order was deleted without Tandem: bring it back, or delete its transaction too',
    wrongAmounts:
      'one of the two was changed without Tandem: correct the amount in MongoDB, or the total by updateOrder',
    missingOrders:
      'the order was deleted without Tandem, or not restored: bring it back; where it was meant to go,\n' +
      `    UPDATE "tandem_idempotency_keys" SET "deletedAt" = now() WHERE "orderId" = '...'`,
    leftovers: 'delete what is left: the client was told that nothing is there',
  };
}

/** What makes a worker settle an order again, whatever has become of its job. */
export function settlingSql(schema: string): string {
  return (
    `WITH "order" AS (UPDATE "orders" SET "transactionState" = 'PENDING' WHERE "id" = '...' RETURNING "id")\n` +
    `    SELECT ${addOrderJob(schema, '"id"', 0)} FROM "order"`
  );
}
