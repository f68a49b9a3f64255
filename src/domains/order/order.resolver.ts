import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, ID, Info, Query, Resolver } from '../../graph/decorators.js';
import type { Connection } from '../../graph/connection.js';
import { PageArgs } from '../../graph/paging.args.js';
import { selectedFields } from '../../graph/selection.js';
import type { Orders } from './order.service.js';
import { orders as source } from './order.source.js';
import { Order, OrderConnection } from './order.type.js';

interface OrderContext {
  readonly orders: Orders;
}

@Resolver(() => Order)
export class OrderResolver {
  @Query(() => Order, { nullable: true, description: 'The order with this id; null when there is none.' })
  order(
    @Arg('id', () => ID, { description: 'A UUID.' }) id: string,
    @Ctx() { orders }: OrderContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Order | null> {
    return orders.byId(id, selectedFields(source, info));
  }

  @Query(() => OrderConnection, { nullable: true, description: 'All orders, newest first.' })
  orders(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() { orders }: OrderContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Order>> {
    return orders.page(page, selectedFields(source, info));
  }
}
