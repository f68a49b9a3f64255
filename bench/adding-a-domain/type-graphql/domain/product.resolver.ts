import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../shared/context.js';
import { OrderItemConnection, OrderItemsArgs } from './order-item.type.js';
import { Product, ProductConnection, ProductsArgs, products } from './product.type.js';

@Resolver(() => Product)
export class ProductResolver {
  @Query(() => Product, { nullable: true })
  product(@Arg('id', () => ID) id: string, @Ctx() { loaders }: Context) {
    return loaders.product.load(id);
  }

  @Query(() => ProductConnection)
  products(@Args() args: ProductsArgs) {
    return products.findConnection(args);
  }

  @FieldResolver(() => OrderItemConnection)
  orderItems(@Root() product: Product, @Args() args: OrderItemsArgs, @Ctx() { loaders }: Context) {
    return loaders.productOrderItems.load(product.id, args);
  }
}
