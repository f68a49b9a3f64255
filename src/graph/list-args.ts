import type { Source } from '../join/source.js';
import { ArgsType, Field, Int, type ClassType } from './decorators.js';
import { once } from '../join/once.js';
import { orderByInput, type OrderBy } from './order-by-input.js';
import { whereInput, type Where } from './where-input.js';

/** The arguments of every connection field, as they come in. */
@ArgsType()
export class ListArguments {
  @Field(() => Int, { nullable: true, description: 'How many, from the start: 1 to 100, 20 when absent.' })
  readonly first?: number | null | undefined;

  @Field(() => String, { nullable: true, description: 'Only items behind this cursor: an `endCursor`.' })
  readonly after?: string | null | undefined;

  @Field(() => Int, { nullable: true, description: 'How many, from the end, instead of `first`: 1 to 100.' })
  readonly last?: number | null | undefined;

  @Field(() => String, { nullable: true, description: 'Only items ahead of this cursor: a `startCursor`.' })
  readonly before?: string | null | undefined;

  readonly where?: Where | null | undefined;
  readonly orderBy?: readonly OrderBy[] | null | undefined;
}

/** The arguments of the fields that list a source. */
export const listArguments = once((source: Source): ClassType<ListArguments> => {
  const type = class extends ListArguments {};
  const [where, orderBy] = [whereInput(source), orderByInput(source)];
  const which = { nullable: true, description: 'Which items are wanted; all when absent.' };
  Field(() => where, which)(type.prototype, 'where');
  const usual = source.orderBy.map(({ field, direction }) => `${field} ${direction}`).join(', ');
  const how = { nullable: true, description: `How they are sorted; by ${usual} when absent.` };
  Field(() => [orderBy], how)(type.prototype, 'orderBy');
  ArgsType()(type);
  return type;
});
