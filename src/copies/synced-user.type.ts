import { WrittenPayload } from '../graph/written-payload.js';
import { GraphQLDateTime } from 'graphql-scalars';
import { Field, Float, ID, Int, ObjectType, registerEnumType } from '../graph/decorators.js';
import type { SyncedUser } from './user-sync.service.js';

const UserSource = { POSTGRESQL: 'POSTGRESQL', MONGODB: 'MONGODB' } as const;

registerEnumType(UserSource, {
  name: 'UserSource',
  description: 'Which database answered for a user.',
  valuesConfig: {
    POSTGRESQL: { description: 'The copy in PostgreSQL; `lagSeconds` tells how far it may be behind.' },
    MONGODB: { description: 'MongoDB, where users are at home.' },
  },
});

@ObjectType('SyncedUser', { description: 'A user from the copy in PostgreSQL, or from MongoDB where there is none.' })
export class SyncedUserType implements SyncedUser {
  @Field(() => ID, { description: "The user's id in MongoDB." })
  id!: SyncedUser['id'];

  @Field(() => String, { nullable: true, description: "The user's name." })
  username!: string | null;

  @Field(() => String, { nullable: true, description: "The user's e-mail address." })
  email!: string | null;

  @Field(() => String, { nullable: true, description: 'The code of the location.' })
  locCode!: string | null;

  @Field(() => Int, { nullable: true, description: 'How powerful the user is.' })
  power!: number | null;

  @Field(() => UserSource, { description: 'Which database answered.' })
  source!: SyncedUser['source'];

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the copy was made; null where nothing could be copied.',
  })
  syncedAt!: Date | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'By how many seconds the values may be behind MongoDB: so long ago the copy was known to be complete. 0 from ' +
      'MongoDB itself; null where nobody knows.',
  })
  lagSeconds!: number | null;
}

@ObjectType({ description: 'What syncUser gives back.' })
export class SyncUserPayload extends WrittenPayload {
  @Field(() => SyncedUserType, { description: 'The user as MongoDB has it, and as it was copied.' })
  user!: SyncedUser;
}
