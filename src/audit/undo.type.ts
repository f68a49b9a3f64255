import { GraphQLDateTime } from 'graphql-scalars';
import { Field, ID, Int, ObjectType, registerEnumType } from '../graph/decorators.js';
import { WrittenPayload } from '../graph/written-payload.js';
import type { InconsistencyKind } from './inconsistency.js';
import type { LoggedRun } from './logged-run.js';
import { Kind } from './repair.input.js';
import type { UndoneRow, UndoOutcome, UndoResult, UndoRun } from './undo.service.js';

const Outcome = {
  PLANNED: 'planned',
  BROUGHT_BACK: 'broughtBack',
  ALREADY_THERE: 'alreadyThere',
  LEFT: 'left',
  NOT_KEPT: 'notKept',
} as const satisfies Record<string, UndoOutcome>;
registerEnumType(Outcome, {
  name: 'UndoOutcome',
  description: 'What became of a row that a repair has deleted or changed.',
  valuesConfig: {
    PLANNED: { description: 'The undo was dry; otherwise it would bring the row back.' },
    BROUGHT_BACK: { description: 'The row is as it was; `because` names what is not.' },
    ALREADY_THERE: { description: 'The row was as before the repair; nothing was written.' },
    LEFT: { description: 'The row was not brought back; `because` says why.' },
    NOT_KEPT: { description: 'The repair was made by a version that kept no whole rows.' },
  },
});

@ObjectType('UndoResult', { description: 'How many rows of one kind had which outcome.' })
export class UndoResultType implements UndoResult {
  @Field(() => Kind, { description: 'The kind that was repaired.' })
  kind!: InconsistencyKind;

  @Field(() => Int, { description: 'Rows that an undo which is not dry would bring back.' })
  planned!: number;

  @Field(() => Int, { description: 'Rows that were brought back.' })
  broughtBack!: number;

  @Field(() => Int, { description: 'Rows that were as before the repair.' })
  alreadyThere!: number;

  @Field(() => Int, { description: 'Rows that were not brought back.' })
  left!: number;

  @Field(() => Int, { description: 'Acts whose rows were not kept.' })
  notKept!: number;
}

@ObjectType('UndoneRow', { description: 'What became of one row or document.' })
export class UndoneRowType implements UndoneRow {
  @Field(() => Kind, { description: 'The kind that was repaired.' })
  kind!: InconsistencyKind;

  @Field(() => String, { nullable: true, description: 'The table or collection; null where no row was kept.' })
  place!: UndoneRow['place'];

  @Field(() => ID, { description: 'The id of the row or document.' })
  id!: string;

  @Field(() => Outcome, { description: 'What became of it.' })
  outcome!: UndoOutcome;

  @Field(() => String, { nullable: true, description: 'Why it is left, or what is not as it was.' })
  because!: string | null;
}

@ObjectType({ description: 'What undoRepair gives back.' })
export class UndoRepairPayload extends WrittenPayload {
  @Field(() => ID, { nullable: true, description: "The undo's own run in the log; null of a dry one." })
  runId!: UndoRun['runId'];

  @Field(() => ID, { description: 'The run that is undone.' })
  undoes!: UndoRun['undoes'];

  @Field(() => Boolean, { description: 'Whether nothing was written.' })
  isDry!: boolean;

  @Field(() => Boolean, {
    description: 'Whether every act of the run was looked at; `npm run repair -- --undo` looks at all.',
  })
  isComplete!: boolean;

  @Field(() => Int, { description: 'Acts of the run.' })
  acts!: number;

  @Field(() => [UndoResultType], { description: 'What became of the rows of each kind.' })
  results!: UndoRun['results'];

  @Field(() => [UndoneRowType], { description: 'The first 100 rows; those that are left come first.' })
  rows!: UndoRun['rows'];
}

@ObjectType('RepairedKind', { description: 'The acts of a run on one kind.' })
class RepairedKindType {
  @Field(() => Kind, { description: 'The kind.' })
  kind!: InconsistencyKind;

  @Field(() => String, {
    description: 'What was done: `DELETE`, `FIX`, `RELINK`, or `UNDO` of a run that undid another.',
  })
  policy!: string;

  @Field(() => Int, { description: 'How many acts there were.' })
  acts!: number;
}

@ObjectType('RepairRunSummary', { description: 'A run of repair, or of its undo, as the log has it.' })
export class RepairRunSummaryType implements LoggedRun {
  @Field(() => ID, { description: 'What `undoRepair` takes.' })
  runId!: string;

  @Field(() => GraphQLDateTime, { description: 'When its first act began.' })
  at!: Date;

  @Field(() => String, { nullable: true, description: 'The actor who asked for it; null of an old entry.' })
  actor!: string | null;

  @Field(() => ID, { nullable: true, description: 'The run that it has undone; null of a repair.' })
  undoes!: string | null;

  @Field(() => [RepairedKindType], { description: 'Its acts by kind.' })
  kinds!: LoggedRun['kinds'];

  @Field(() => Int, { description: 'All its acts.' })
  acts!: number;

  @Field(() => Int, { description: 'Acts that began and were never noted as done.' })
  unfinished!: number;

  @Field(() => Int, { description: 'Rows and documents that can be brought back.' })
  rows!: number;

  @Field(() => Int, { description: 'Acts of a version that kept no whole rows.' })
  notKept!: number;
}
