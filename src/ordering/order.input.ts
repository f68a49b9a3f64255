import { Field, ID, InputType, ObjectType } from '../graph/decorators.js';
import { DecimalScalar } from '../graph/decimal.js';
import { Order } from '../domains/order/order.type.js';
import type { CreateOrder } from './checked-order.js';

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
  @Field(() => Order, { description: 'The order that was written.' })
  order!: Order;
}
