import { badUserInput, notFound } from '../errors/app-error.js';
import { Arg, Ctx, ID, Int, Mutation, Query, Resolver } from '../graph/decorators.js';
import type { Written } from '../graph/written-payload.js';
import type { LoggedRun } from './logged-run.js';
import type { UndoRunOutcome, UndoService } from './undo.service.js';
import { RepairRunSummaryType, UndoRepairPayload } from './undo.type.js';

interface UndoContext {
  readonly undo: UndoService;
}

@Resolver()
export class UndoResolver {
  @Query(() => [RepairRunSummaryType], {
    nullable: true,
    description: 'The newest runs of `repair` and `undoRepair`, newest first. For admins.',
  })
  repairRuns(
    @Arg('first', () => Int, { nullable: true, defaultValue: 20, description: 'How many: 1 to 100.' })
    first: number | null,
    @Ctx() { undo }: UndoContext,
  ): Promise<readonly LoggedRun[]> {
    return undo.runs(first ?? 20);
  }

  @Mutation(() => UndoRepairPayload, {
    description:
      'Brings back what a run of `repair` has deleted or changed. A row that is there already stays; one that has changed ' +
      'since, or whose id or order number another row has, is left. Can be made again. For admins.',
  })
  async undoRepair(
    @Arg('runId', () => ID, { description: 'The `runId` that `repair` has given, or `repairRuns` lists.' })
    runId: string,
    @Arg('dryRun', () => Boolean, {
      nullable: true,
      defaultValue: false,
      description: 'Report what would come back, and write nothing.',
    })
    dryRun: boolean | null,
    @Ctx() { undo }: UndoContext,
  ): Promise<Written<UndoRepairPayload>> {
    return undone(await undo.undoBriefly(runId, dryRun === true));
  }
}

function undone(outcome: UndoRunOutcome): Written<UndoRepairPayload> {
  switch (outcome.kind) {
    case 'undone':
      return outcome.run;
    case 'runNotFound':
      return notFound('repair run', outcome.runId);
    case 'isUndo':
      throw badUserInput(
        'runId',
        `runId takes a run of repair; ${outcome.runId} has undone ${outcome.undoes}: repair does that again`,
      );
  }
}
