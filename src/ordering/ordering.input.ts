import { GraphQLDateTime } from 'graphql-scalars';
import { Field, ID, InputType, ObjectType } from '../graph/decorators.js';
import { DecimalScalar } from '../graph/decimal.js';
import { objectType } from '../graph/object-type.js';
import { orders, type Order } from '../domains/order/order.source.js';
import type { CreateOrder, UpdateOrder } from './checked-order.js';

@InputType({ description: 'A new order.' })
export class CreateOrderInput implements CreateOrder {
  @Field(() => ID, { description: 'The id of the user who orders; there has to be one.' })
  userId!: string;

  @Field(() => DecimalScalar, { description: 'What the order costs: 0 to 99999999.99, with two decimals at most.' })
  total!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The number that people know the order by, 1 to 64 characters; generated when absent.',
  })
  orderNumber?: string | null;
}

@ObjectType({ description: 'What createOrder gives back.' })
export class CreateOrderPayload {
  @Field(() => objectType(orders), { description: 'The order that was written.' })
  order!: Order;
}

@InputType({ description: 'What to change of an order: what is absent stays. Its user is who ordered, for good.' })
export class UpdateOrderInput implements UpdateOrder {
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'The new total: 0 to 99999999.99, with two decimals at most.',
  })
  total?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The new number, 1 to 64 characters; no other order may have it.',
  })
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
