import { GraphQLDateTime } from 'graphql-scalars';
import { Field, ID, InputType, ObjectType } from '../graph/decorators.js';
import { DecimalScalar } from '../graph/decimal.js';
import { objectType } from '../graph/object-type.js';
import { orders, type Order } from '../domains/order/order.source.js';
import type { CreateOrder, UpdateOrder } from './checked-order.js';

@InputType({ description: 'A new order.' })
export class CreateOrderInput implements CreateOrder {
  @Field(() => ID, { description: 'The user who orders; must exist.' })
  userId!: string;

  @Field(() => DecimalScalar, { description: '0 to 99999999.99, at most two decimals.' })
  total!: string;

  @Field(() => String, { nullable: true, description: '1 to 64 characters; generated when absent.' })
  orderNumber?: string | null;
}

@ObjectType({ description: 'What createOrder gives back.' })
export class CreateOrderPayload {
  @Field(() => objectType(orders), { description: 'The order that was written.' })
  order!: Order;
}

@InputType({ description: 'What to change of an order: what is absent stays. Its user is who ordered, for good.' })
export class UpdateOrderInput implements UpdateOrder {
  @Field(() => DecimalScalar, { nullable: true, description: '0 to 99999999.99, at most two decimals.' })
  total?: string | null;

  @Field(() => String, { nullable: true, description: '1 to 64 characters.' })
  orderNumber?: string | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The `updatedAt` that you have read: when it is another by now, nothing is changed (CONFLICT).',
  })
  expectedUpdatedAt?: Date | null;
}

@ObjectType({ description: 'What updateOrder gives back.' })
export class UpdateOrderPayload {
  @Field(() => objectType(orders), { description: 'The order as it is now.' })
  order!: Order;
}

@ObjectType({ description: 'What deleteOrder gives back.' })
export class DeleteOrderPayload {
  @Field(() => objectType(orders), { description: 'The order that was there.' })
  order!: Order;
}
