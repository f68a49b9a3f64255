import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, ID, Info, Query, Resolver } from '../../graph/decorators.js';
import { selectedFields } from '../../graph/selection.js';
import type { Users } from './user.service.js';
import { users as source } from './user.source.js';
import { User } from './user.type.js';

interface UserContext {
  readonly users: Users;
}

@Resolver(() => User)
export class UserResolver {
  @Query(() => User, { nullable: true, description: 'The user with this id; null when nobody has it.' })
  user(
    @Arg('id', () => ID, { description: '24 hex characters.' }) id: string,
    @Ctx() { users }: UserContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<User | null> {
    return users.byId(id, selectedFields(source, info));
  }
}
