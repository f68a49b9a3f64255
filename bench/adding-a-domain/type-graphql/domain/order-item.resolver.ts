import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../shared/context.js';
import { OrderItem, OrderItemConnection, OrderItemsArgs, orderItems } from './order-item.type.js';
import { Product } from './product.type.js';

@Resolver(() => OrderItem)
export class OrderItemResolver {
  @Query(() => OrderItem, { nullable: true })
  orderItem(@Arg('id', () => ID) id: string) {
    return orderItems.findById(id);
  }

  @Query(() => OrderItemConnection)
  orderItems(@Args() args: OrderItemsArgs) {
    return orderItems.findConnection(args);
  }

  @FieldResolver(() => Product, { nullable: true })
  product(@Root() item: OrderItem, @Ctx() { loaders }: Context) {
    return loaders.product.load(item.productId);
  }
}
