import { Arg, Ctx, Int, Mutation, Resolver } from '../graph/decorators.js';
import type { Written } from '../graph/written-payload.js';
import { RepairInput, RepairPayload } from './repair.input.js';
import type { RepairPolicies } from './repair-policies.js';
import type { RepairService } from './repair.service.js';

interface RepairContext {
  readonly repair: RepairService;
}

@Resolver()
export class RepairResolver {
  @Mutation(() => RepairPayload, {
    description:
      'Mends what `consistency` finds, each kind as its policy says, and nothing without one; dry unless told otherwise. ' +
      'Looks at as many rows as `consistency` does; `npm run repair` looks at all. For admins.',
  })
  async repair(
    @Arg('input', () => RepairInput, { description: 'What is to be mended, and how.' }) input: RepairInput,
    @Arg('expect', () => Int, {
      nullable: true,
      description:
        'How many findings you expect of the one kind that has a policy, as a dry run has counted them. Confirms a run ' +
        'over more than 20 rows and 5 % of their table, or over rows that were not all counted. With another number ' +
        'than is found nothing is changed.',
    })
    expect: number | null,
    @Ctx() { repair }: RepairContext,
  ): Promise<Written<RepairPayload>> {
    const { dryRun, ...given } = input;
    const policies = Object.fromEntries(Object.entries(given).filter(([, policy]) => policy !== null));
    return repair.runBriefly({ isDry: dryRun !== false, expect, ...(policies as Partial<RepairPolicies>) });
  }
}
