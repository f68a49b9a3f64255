import { Arg, Ctx, ID, Mutation, Resolver } from '../../graph/decorators.js';
import type { Written } from '../../graph/written-payload.js';
import { notFound } from '../../errors/app-error.js';
import { CreateUserInput, CreateUserPayload, UpdateUserInput, UpdateUserPayload } from './user.input.js';
import type { Users } from './user.service.js';

interface UserContext {
  readonly users: Users;
}

@Resolver()
export class UserResolver {
  @Mutation(() => CreateUserPayload, { description: 'Creates a user, in MongoDB.' })
  async createUser(
    @Arg('input', () => CreateUserInput, { description: 'The user to create.' }) input: CreateUserInput,
    @Ctx() { users }: UserContext,
  ): Promise<Written<CreateUserPayload>> {
    return { user: await users.create(input) };
  }

  @Mutation(() => UpdateUserPayload, { description: 'Changes a user, in MongoDB.' })
  async updateUser(
    @Arg('id', () => ID, { description: "The user's id." }) id: string,
    @Arg('input', () => UpdateUserInput, { description: 'What to change.' }) input: UpdateUserInput,
    @Ctx() { users }: UserContext,
  ): Promise<Written<UpdateUserPayload>> {
    return { user: (await users.update(id, input)) ?? notFound('user', id) };
  }
}
