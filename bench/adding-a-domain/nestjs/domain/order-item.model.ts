import { Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { ConnectionOf } from '../shared/connection.model.js';

@ObjectType()
export class OrderItem {
  @Field(() => ID)
  id!: string;

  productId!: string;

  @Field(() => Int)
  quantity!: number;

  createdAt!: Date;
}

@ObjectType()
export class OrderItemConnection extends ConnectionOf(OrderItem) {}
