import { GraphQLDateTime } from 'graphql-scalars';
import { Field, ID, Int, ObjectType } from '../../graph/decorators.js';

/** A MongoDB ObjectId as 24 lower-case hex characters. */
export type UserId = string & { readonly __brand: 'UserId' };

@ObjectType({ description: 'A user, kept in MongoDB. What a stored document lacks, or holds in an odd type, is null.' })
export class User {
  @Field(() => ID, { description: 'The ObjectId, 24 hex characters in lower case.' })
  id!: UserId;

  @Field(() => String, { nullable: true, description: 'The name.' })
  username!: string | null;

  @Field(() => String, { nullable: true, description: 'The e-mail address; two users may have the same.' })
  email!: string | null;

  @Field(() => String, { nullable: true, description: "The code of the user's location." })
  locCode!: string | null;

  @Field(() => Int, { nullable: true, description: "The user's power." })
  power!: number | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When the user was created.' })
  createdAt!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When the user was last changed.' })
  updatedAt!: Date | null;
}
