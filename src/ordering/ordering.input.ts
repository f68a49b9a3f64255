import { WrittenPayload } from '../graph/written-payload.js';
import { GraphQLDateTime } from 'graphql-scalars';
import { Field, ID, InputType, ObjectType, registerEnumType } from '../graph/decorators.js';
import { DecimalScalar } from '../graph/decimal.js';
import { objectType } from '../graph/object-type.js';
import { orders, type Order } from '../domains/order/order.source.js';
import { transactions, type Transaction } from '../domains/transaction/transaction.source.js';
import type { CreateOrder, UpdateOrder } from './checked-order.js';

export const TransactionMode = { NONE: 'NONE', REQUIRED: 'REQUIRED', EVENTUAL: 'EVENTUAL' } as const;

registerEnumType(TransactionMode, {
  name: 'TransactionMode',
  description: 'Whether, and how, a transaction in MongoDB goes with an order.',
  valuesConfig: {
    NONE: { description: 'The order alone.' },
    REQUIRED: { description: 'Both or neither: when the call is answered, the transaction is there too.' },
    EVENTUAL: { description: 'The order now, the transaction soon, exactly once; the order says where it stands.' },
  },
});

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

  @Field(() => TransactionMode, {
    nullable: true,
    defaultValue: TransactionMode.NONE,
    description: "Whether, and how, a transaction of the order's total is recorded in MongoDB.",
  })
  transaction?: keyof typeof TransactionMode | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Any text of 1 to 255 characters, best a UUID: the same call with the same key is carried out once, and gets the ' +
      'same answer, however often it is made. With it a call can be repeated when its answer did not come.',
  })
  idempotencyKey?: string | null;
}

@ObjectType({ description: 'What createOrder gives back.' })
export class CreateOrderPayload extends WrittenPayload {
  @Field(() => objectType(orders), { description: 'The order that was written.' })
  order!: Order;

  @Field(() => objectType(transactions), {
    nullable: true,
    description: 'The transaction that was recorded with it, where it was REQUIRED.',
  })
  transaction!: Transaction | null;
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
export class UpdateOrderPayload extends WrittenPayload {
  @Field(() => objectType(orders), { description: 'The order as it is now.' })
  order!: Order;
}

@ObjectType({ description: 'What deleteOrder gives back.' })
export class DeleteOrderPayload extends WrittenPayload {
  @Field(() => objectType(orders), { description: 'The order that was there.' })
  order!: Order;
}
