import { Field, ID, InputType, Int, ObjectType, registerEnumType } from '../graph/decorators.js';
import { WrittenPayload } from '../graph/written-payload.js';
import { InconsistencyType, UnprovedType } from './consistency.type.js';
import type { InconsistencyKind } from './inconsistency.js';
import type { MendedKind, RepairPolicies, RepairPolicy } from './repair-policies.js';
import type { RepairAct, RepairOutcome, RepairResult, RepairRun } from './repair.service.js';

const REPORT = { description: 'It is counted, and left as it is.' };
const DELETE = { description: 'It is deleted; of an order its transactions, too.' };
const FIX = { description: 'A job gives the transaction that Tandem recorded the total of its order.' };
const RELINK = { description: 'The user is copied again.' };

const DeletePolicy = { REPORT: 'REPORT', DELETE: 'DELETE' } as const;
registerEnumType(DeletePolicy, {
  name: 'DeletePolicy',
  description: 'What is done about something whose partner is not there.',
  valuesConfig: { REPORT, DELETE },
});

const FixPolicy = { REPORT: 'REPORT', FIX: 'FIX' } as const;
registerEnumType(FixPolicy, {
  name: 'FixPolicy',
  description: 'What is done about an amount that is not that of the order.',
  valuesConfig: { REPORT, FIX },
});

const RelinkPolicy = { REPORT: 'REPORT', RELINK: 'RELINK' } as const;
registerEnumType(RelinkPolicy, {
  name: 'RelinkPolicy',
  description: 'What is done about a copy that is not what the user is.',
  valuesConfig: { REPORT, RELINK },
});

export const Kind = {
  DANGLING_ORDERS: 'danglingOrders',
  ORPHAN_TRANSACTIONS: 'orphanTransactions',
  WRONG_AMOUNTS: 'wrongAmounts',
  STALE_COPIES: 'staleCopies',
  CONFLICTING_COPIES: 'conflictingCopies',
  STALE_ORDER_COPIES: 'staleOrderCopies',
  WRAPPED_REFERENCES: 'wrappedReferences',
  OTHER_TYPE_REFERENCES: 'otherTypeReferences',
} as const satisfies Record<string, InconsistencyKind>;
registerEnumType(Kind, {
  name: 'InconsistencyKind',
  description: 'What can be wrong between the two databases.',
  valuesConfig: {
    DANGLING_ORDERS: { description: 'An order whose user is not there.' },
    ORPHAN_TRANSACTIONS: { description: 'A transaction whose order is not there.' },
    WRONG_AMOUNTS: { description: "A transaction with another amount than its order's total." },
    STALE_COPIES: { description: 'A copy of a user that is missing, old or left over.' },
    CONFLICTING_COPIES: { description: 'A copy of a user that lacks what another row has, or what cannot be held.' },
    STALE_ORDER_COPIES: { description: 'An order whose copies are not what its user has.' },
    WRAPPED_REFERENCES: {
      description: 'An order or a transaction whose partner is there, and whose reference holds more than its id.',
    },
    OTHER_TYPE_REFERENCES: {
      description: 'An order or a transaction whose partner is there under a key by which the graph joins nothing.',
    },
  },
});

const Policy = { ...DeletePolicy, ...FixPolicy, ...RelinkPolicy } as const;
registerEnumType(Policy, {
  name: 'RepairPolicy',
  description: 'What is done about a kind.',
  valuesConfig: { REPORT, DELETE, FIX, RELINK },
});

const Outcome = {
  PLANNED: 'planned',
  REPAIRED: 'repaired',
  UNDER_WAY: 'underWay',
  LEFT: 'left',
} as const satisfies Record<string, RepairOutcome>;
registerEnumType(Outcome, {
  name: 'RepairOutcome',
  description: 'What became of an attempt to mend something.',
  valuesConfig: {
    PLANNED: { description: 'It was not made: the run was dry.' },
    REPAIRED: { description: 'It is mended.' },
    UNDER_WAY: { description: 'A job completes it.' },
    LEFT: { description: 'It could not be mended; `because` says why.' },
  },
});

@InputType({ description: 'What is to be mended, and how. Whatever is absent is only reported.' })
export class RepairInput implements Partial<Record<MendedKind, RepairPolicy | null>> {
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: 'Whether it is only told what would be done.',
  })
  dryRun?: boolean | null;

  @Field(() => DeletePolicy, { nullable: true, description: 'Orders whose user is not there.' })
  danglingOrders?: RepairPolicies['danglingOrders'] | null;

  @Field(() => DeletePolicy, { nullable: true, description: 'Transactions whose order is not there.' })
  orphanTransactions?: RepairPolicies['orphanTransactions'] | null;

  @Field(() => FixPolicy, { nullable: true, description: "Transactions with another amount than their order's total." })
  wrongAmounts?: RepairPolicies['wrongAmounts'] | null;

  @Field(() => RelinkPolicy, { nullable: true, description: 'Users whose copy is missing, old or left over.' })
  staleCopies?: RepairPolicies['staleCopies'] | null;

  @Field(() => RelinkPolicy, { nullable: true, description: 'Users whose copy lacks what another row has.' })
  conflictingCopies?: RepairPolicies['conflictingCopies'] | null;

  @Field(() => RelinkPolicy, { nullable: true, description: 'Orders whose copies are not what their users have.' })
  staleOrderCopies?: RepairPolicies['staleOrderCopies'] | null;
}

@ObjectType('RepairResult', { description: 'What became of one kind.' })
export class RepairResultType implements RepairResult {
  @Field(() => Kind, { description: 'Of what.' })
  kind!: InconsistencyKind;

  @Field(() => Policy, { description: 'What was to be done about it.' })
  policy!: RepairPolicy;

  @Field(() => Int, { description: 'How much was found.' })
  found!: number;

  @Field(() => Int, { description: 'How many rows were looked at, of the table or collection that it is about.' })
  rows!: number;

  @Field(() => String, {
    nullable: true,
    description: 'Why nothing of it is changed, although it has a policy; null where it may be. See `repair(expect:)`.',
  })
  stopped!: string | null;

  @Field(() => Int, { description: 'How much of it is mended.' })
  repaired!: number;

  @Field(() => Int, { description: 'How much of it a job completes.' })
  underWay!: number;

  @Field(() => Int, { description: 'How much of it could not be mended.' })
  left!: number;
}

@ObjectType('RepairAct', { description: 'What was done about something, or would be.' })
export class RepairActType extends InconsistencyType implements RepairAct {
  @Field(() => Kind, { description: 'Of what kind it is.' })
  kind!: InconsistencyKind;

  @Field(() => Policy, { description: 'What was to be done about it.' })
  policy!: RepairPolicy;

  @Field(() => Outcome, { description: 'What became of that.' })
  outcome!: RepairOutcome;

  @Field(() => String, { nullable: true, description: 'Why it is left; null where it is not.' })
  because!: string | null;
}

@ObjectType({ description: 'What repair gives back.' })
export class RepairPayload extends WrittenPayload {
  @Field(() => ID, {
    nullable: true,
    description:
      'The run in the log: `undoRepair` takes it and brings back what the run has deleted or changed. Null of a dry run.',
  })
  runId!: RepairRun['runId'];

  @Field(() => Boolean, { description: 'Whether it was only told what would be done.' })
  isDry!: boolean;

  @Field(() => Boolean, {
    description: 'Whether every row was looked at; `npm run repair` looks at all, however long that takes.',
  })
  isComplete!: boolean;

  @Field(() => [UnprovedType], { description: 'Why some of it could not be judged, and was left as it is.' })
  unproved!: RepairRun['unproved'];

  @Field(() => [RepairResultType], { description: 'What became of each kind.' })
  results!: RepairRun['results'];

  @Field(() => [RepairActType], { description: 'The first 100 things that were done.' })
  acts!: RepairRun['acts'];
}
