import { Arg, Ctx, ID, Mutation, Resolver } from '../../graph/decorators.js';
import { notFound } from '../../errors/app-error.js';
import { CreateUserInput, CreateUserPayload, UpdateUserInput, UpdateUserPayload } from './user.input.js';
import type { Users } from './user.service.js';

interface UserContext {
  readonly users: Users;
}

@Resolver()
export class UserResolver {
  @Mutation(() => CreateUserPayload, { description: 'Writes a user, in MongoDB.' })
  async createUser(
    @Arg('input', () => CreateUserInput, { description: 'The user.' }) input: CreateUserInput,
    @Ctx() { users }: UserContext,
  ): Promise<CreateUserPayload> {
    return { user: await users.create(input) };
  }

  @Mutation(() => UpdateUserPayload, { description: 'Changes a user, in MongoDB.' })
  async updateUser(
    @Arg('id', () => ID, { description: 'Who.' }) id: string,
    @Arg('input', () => UpdateUserInput, { description: 'What.' }) input: UpdateUserInput,
    @Ctx() { users }: UserContext,
  ): Promise<UpdateUserPayload> {
    return { user: (await users.update(id, input)) ?? notFound('user', id) };
  }
}
