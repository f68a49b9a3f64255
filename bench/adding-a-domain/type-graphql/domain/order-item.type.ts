import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { PostgresTable } from '../../common/postgres.js';
import { ConnectionArgsOf, ConnectionOf } from '../shared/connection.js';
import { DateTimeFilter, IdFilter, IntFilter, SortOrder, StringFilter, WhereInput } from '../shared/filters.js';
import { pool } from '../shared/postgres.js';

@ObjectType()
export class OrderItem {
  @Field(() => ID)
  id!: string;

  @Field()
  productId!: string;

  @Field(() => Int)
  quantity!: number;

  @Field()
  createdAt!: Date;
}

export const orderItems = new PostgresTable<OrderItem>(pool, 'order_items', {
  id: 'uuid',
  productId: 'text',
  quantity: 'int',
  createdAt: 'timestamptz',
});

@ObjectType()
export class OrderItemConnection extends ConnectionOf(OrderItem) {}

@WhereInput()
export class OrderItemWhere {
  @Field({ nullable: true })
  id?: IdFilter;

  @Field({ nullable: true })
  productId?: StringFilter;

  @Field({ nullable: true })
  quantity?: IntFilter;

  @Field({ nullable: true })
  createdAt?: DateTimeFilter;
}

@InputType()
export class OrderItemOrderBy {
  @Field(() => SortOrder, { nullable: true })
  id?: SortOrder;

  @Field(() => SortOrder, { nullable: true })
  productId?: SortOrder;

  @Field(() => SortOrder, { nullable: true })
  quantity?: SortOrder;

  @Field(() => SortOrder, { nullable: true })
  createdAt?: SortOrder;
}

@ArgsType()
export class OrderItemsArgs extends ConnectionArgsOf(OrderItemWhere, OrderItemOrderBy) {}
