import { Args, ID, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { OrderItemsArgs } from './order-item.args.js';
import { OrderItem, OrderItemConnection } from './order-item.model.js';
import { OrderItemsService } from './order-items.service.js';
import { Product } from './product.model.js';
import { ProductLoader } from './products.service.js';

@Resolver(() => OrderItem)
export class OrderItemsResolver {
  constructor(
    private readonly service: OrderItemsService,
    private readonly productLoader: ProductLoader,
  ) {}

  @Query(() => OrderItem, { nullable: true })
  orderItem(@Args('id', { type: () => ID }) id: string) {
    return this.service.findById(id);
  }

  @Query(() => OrderItemConnection)
  orderItems(@Args() args: OrderItemsArgs) {
    return this.service.findConnection(args);
  }

  @ResolveField(() => Product, { nullable: true })
  product(@Parent() item: OrderItem) {
    return this.productLoader.load(item.productId);
  }
}
