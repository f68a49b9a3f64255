import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Info, Query, Resolver } from '../../graph/decorators.js';
import { objectType } from '../../graph/object-type.js';
import { selectedFields } from '../../graph/selection.js';
import type { JoinContext } from '../../graph/source-fields.js';
import { orders as source, type Order } from './order.source.js';

/** What the graph has of orders beyond what follows from their source. */
@Resolver()
export class OrderResolver {
  @Query(() => objectType(source), {
    nullable: true,
    description: 'The order with this number; null when none has it.',
  })
  orderByNumber(
    @Arg('orderNumber', () => String, { description: 'Exactly as it is written on the order.' }) orderNumber: string,
    @Ctx() { joins }: JoinContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Order | null> {
    return joins.by(source, 'orderNumber', orderNumber, selectedFields(source, info));
  }
}
