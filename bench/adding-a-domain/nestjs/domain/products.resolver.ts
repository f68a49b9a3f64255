import { Args, ID, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { OrderItemsArgs } from './order-item.args.js';
import { OrderItemConnection } from './order-item.model.js';
import { ProductOrderItemsLoader } from './order-items.service.js';
import { ProductsArgs } from './product.args.js';
import { Product, ProductConnection } from './product.model.js';
import { ProductLoader, ProductsService } from './products.service.js';

@Resolver(() => Product)
export class ProductsResolver {
  constructor(
    private readonly service: ProductsService,
    private readonly productLoader: ProductLoader,
    private readonly orderItemsLoader: ProductOrderItemsLoader,
  ) {}

  @Query(() => Product, { nullable: true })
  product(@Args('id', { type: () => ID }) id: string) {
    return this.productLoader.load(id);
  }

  @Query(() => ProductConnection)
  products(@Args() args: ProductsArgs) {
    return this.service.findConnection(args);
  }

  @ResolveField(() => OrderItemConnection)
  orderItems(@Parent() product: Product, @Args() args: OrderItemsArgs) {
    return this.orderItemsLoader.load(product.id, args);
  }
}
