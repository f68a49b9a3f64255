import { Ctx, FieldResolver, Resolver, Root } from '../graph/decorators.js';
import { objectType } from '../graph/object-type.js';
import { Needs } from '../graph/selection.js';
import { orders } from '../domains/order/order.source.js';
import type { CopiedOrder, FreshOrderCopies } from './fresh-order-copies.js';

interface CopiesContext {
  readonly orderCopies: FreshOrderCopies;
}

/** The copies on an order, which a caller who has changed the user is not to see as they were before. */
@Resolver(() => objectType(orders))
export class OrderCopiesResolver {
  @FieldResolver()
  @Needs('id', 'userId', 'userName')
  userName(@Root() order: CopiedOrder, @Ctx() { orderCopies }: CopiesContext): ReturnType<FreshOrderCopies['read']> {
    return orderCopies.read(order, 'userName');
  }

  @FieldResolver()
  @Needs('id', 'userId', 'userEmail')
  userEmail(@Root() order: CopiedOrder, @Ctx() { orderCopies }: CopiesContext): ReturnType<FreshOrderCopies['read']> {
    return orderCopies.read(order, 'userEmail');
  }
}
