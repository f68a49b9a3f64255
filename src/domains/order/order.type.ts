import { GraphQLDateTime } from 'graphql-scalars';
import { Field, ID, ObjectType } from '../../graph/decorators.js';
import { connectionType } from '../../graph/connection.js';
import { DecimalScalar } from '../../graph/decimal.js';

/** A UUID in lower case. */
export type OrderId = string & { readonly __brand: 'OrderId' };

@ObjectType({ description: 'An order, kept in PostgreSQL.' })
export class Order {
  @Field(() => ID, { description: 'A UUID.' })
  id!: OrderId;

  @Field(() => String, { description: 'The number that people call it by; no two orders share one.' })
  orderNumber!: string;

  @Field(() => DecimalScalar, { description: 'What it costs.' })
  total!: string;

  @Field(() => ID, { description: "The id of the order's user, as it was written; nobody may be there." })
  userId!: string;

  @Field(() => String, { nullable: true, description: "The user's name when the order was made; null on old rows." })
  userName!: string | null;

  @Field(() => String, { nullable: true, description: "The user's e-mail when the order was made; null on old rows." })
  userEmail!: string | null;

  @Field(() => GraphQLDateTime, { description: 'When the order was created.' })
  createdAt!: Date;

  @Field(() => GraphQLDateTime, { description: 'When the order was last changed.' })
  updatedAt!: Date;
}

export const OrderConnection = connectionType(Order);
