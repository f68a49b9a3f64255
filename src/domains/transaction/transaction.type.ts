import { GraphQLDateTime } from 'graphql-scalars';
import { Field, ID, ObjectType } from '../../graph/decorators.js';
import { connectionType } from '../../graph/connection.js';
import { DecimalScalar } from '../../graph/decimal.js';

/** A MongoDB ObjectId as 24 lower-case hex characters. */
export type TransactionId = string & { readonly __brand: 'TransactionId' };

@ObjectType({
  description: 'What was paid for an order, kept in MongoDB. What is missing or odd in a document is null.',
})
export class Transaction {
  @Field(() => ID, { description: 'The ObjectId, 24 hex characters in lower case.' })
  id!: TransactionId;

  @Field(() => ID, { nullable: true, description: 'The UUID of the order.' })
  orderId!: string | null;

  @Field(() => ID, { nullable: true, description: 'The ObjectId of the user.' })
  userId!: string | null;

  @Field(() => DecimalScalar, { nullable: true, description: 'How much was paid.' })
  amount!: string | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it was paid.' })
  createdAt!: Date | null;
}

export const TransactionConnection = connectionType(Transaction);
