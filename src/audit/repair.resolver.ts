import { Arg, Ctx, Mutation, Resolver } from '../graph/decorators.js';
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
    @Ctx() { repair }: RepairContext,
  ): Promise<Written<RepairPayload>> {
    const { dryRun, ...given } = input;
    const policies = Object.fromEntries(Object.entries(given).filter(([, policy]) => policy !== null));
    return repair.runBriefly({ isDry: dryRun !== false, ...(policies as Partial<RepairPolicies>) });
  }
}
