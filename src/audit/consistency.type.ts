import { ArgsType, Field, ID, Int, ObjectType, registerEnumType } from '../graph/decorators.js';
import type { InconsistencyList, InconsistencyPageArguments } from './consistency-report.js';
import type { Inconsistency, InconsistencyReason } from './inconsistency.js';

const REASONS: Readonly<Record<InconsistencyReason, string>> = {
  NOBODY: 'Nobody has the id of the user, as far as is known nobody ever had.',
  DELETED: 'The user was deleted.',
  MALFORMED: 'The id of the user, or of the order, is none.',
  NO_ORDER: 'No order has the id that the transaction names.',
  OTHER_AMOUNT: "The transaction's amount is not its order's total.",
  MISSING: 'The user has no copy.',
  STALE: 'The copy is not what the user is.',
  NOT_DELETED: 'The user is gone, and the copy is not marked as deleted.',
  EMAIL_TAKEN: 'The copy goes without the e-mail address, which another row has.',
  ID_SHARED: 'Several users in MongoDB have the id, each in another form; one of them is read and copied.',
  NOT_STORABLE: 'PostgreSQL, or the table, cannot hold what MongoDB has.',
  USER_WRAPPED: 'The user of the order is there. The reference holds more than the id, such as quotes.',
  ORDER_WRAPPED: 'The order of the transaction is there. The reference holds more than the id, such as quotes.',
  USER_OF_OTHER_TYPE: 'The user of the order is there, and has an `_id` of a type by which the graph joins nothing.',
  ORDER_OF_OTHER_TYPE:
    'The order of the transaction is there, and the transaction names it by another field than the id.',
};

const Reason = Object.fromEntries(Object.keys(REASONS).map((name) => [name, name])) as {
  [R in InconsistencyReason]: R;
};

registerEnumType(Reason, {
  name: 'InconsistencyReason',
  description: 'What exactly is wrong.',
  valuesConfig: Object.fromEntries(Object.entries(REASONS).map(([name, description]) => [name, { description }])),
});

@ObjectType('Inconsistency', { description: 'Something that the two databases do not agree about.' })
export class InconsistencyType implements Omit<Inconsistency, 'kind'> {
  @Field(() => ID, { description: 'The id of the order, the transaction or the user that it is about.' })
  id!: string;

  @Field(() => Reason, { description: 'What exactly is wrong.' })
  reason!: InconsistencyReason;

  @Field(() => String, {
    nullable: true,
    description: 'The user that the order names, or the order that the transaction names, as it is written there.',
  })
  reference!: string | null;

  @Field(() => String, { description: 'The same in words; without names and addresses.' })
  problem!: string;
}

@ObjectType('InconsistencyList', { description: 'A page of what is wrong.' })
export class InconsistencyListType {
  @Field(() => Int, { description: 'How much there is in all, of the rows that were looked at (see `isComplete`).' })
  count!: InconsistencyList['count'];

  @Field(() => [InconsistencyType], { description: 'The page.' })
  nodes!: InconsistencyList['nodes'];

  @Field(() => String, { nullable: true, description: 'The place where the page ends: pass it as `after`.' })
  endCursor!: string | null;

  @Field(() => Boolean, {
    description: 'Whether there is more, or may be: a page ends, too, when enough rows were looked at.',
  })
  hasNextPage!: boolean;
}

@ObjectType('Unproved', {
  description:
    'A reason why what is not found is not proved to be absent. Nothing is deleted then, and nothing is called sound.',
})
export class UnprovedType {
  @Field(() => String, { description: 'The table or the collection of which rows may be hidden.' })
  about!: string;

  @Field(() => String, { description: 'The policy, view or right that hides rows, or may.' })
  problem!: string;

  @Field(() => String, { description: 'The step that lets every row be seen.' })
  remedy!: string;
}

@ArgsType()
export class InconsistencyPageArgs implements InconsistencyPageArguments {
  @Field(() => Int, { nullable: true, description: 'How many, from 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'The `endCursor` of the page before.' })
  after?: string | null;
}

@ObjectType('ConsistencyReport', {
  description:
    'What the two databases do not agree about. Each finding is looked at once more, after the copies of users have passed ' +
    'the moment at which it was found: what is only under way is none.',
})
export class ConsistencyReportType {}
