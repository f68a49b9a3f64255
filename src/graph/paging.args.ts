import { ArgsType, Field, Int } from './decorators.js';
import type { PageArguments } from './paging.js';

/** The arguments of every connection field. */
@ArgsType()
export class PageArgs implements PageArguments {
  @Field(() => Int, { nullable: true, description: 'How many items: 1 to 100, 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Only items behind this cursor.' })
  after?: string | null;
}
