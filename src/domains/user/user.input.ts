import { WrittenPayload } from '../../graph/written-payload.js';
import { Field, InputType, Int, ObjectType } from '../../graph/decorators.js';
import { objectType } from '../../graph/object-type.js';
import type { CreateUser, UpdateUser } from './checked-user.js';
import { users, type User } from './user.source.js';

@InputType()
abstract class UserInput {
  @Field(() => String, { nullable: true, description: "The user's e-mail address, 254 characters at most." })
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'The code of the location, 1 to 64 characters.' })
  locCode?: string | null;

  @Field(() => Int, { nullable: true, description: 'How powerful the user is, as a whole number.' })
  power?: number | null;
}

@InputType({ description: 'A new user.' })
export class CreateUserInput extends UserInput implements CreateUser {
  @Field(() => String, { description: "The user's name, 1 to 200 characters." })
  username!: string;
}

@InputType({ description: 'What to change of a user: a field that is absent stays, null empties it.' })
export class UpdateUserInput extends UserInput implements UpdateUser {
  @Field(() => String, { nullable: true, description: 'The new name, 1 to 200 characters; it cannot be emptied.' })
  username?: string | null;
}

@ObjectType({ description: 'What createUser gives back.' })
export class CreateUserPayload extends WrittenPayload {
  @Field(() => objectType(users), { description: 'The user that was written.' })
  user!: User;
}

@ObjectType({ description: 'What updateUser gives back.' })
export class UpdateUserPayload extends WrittenPayload {
  @Field(() => objectType(users), { description: 'The user as it is now.' })
  user!: User;
}
