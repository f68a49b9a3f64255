import { Arg, Ctx, ID, Mutation, Query, Resolver } from '../graph/decorators.js';
import type { Written } from '../graph/written-payload.js';
import { notFound } from '../errors/app-error.js';
import { SyncedUserType, SyncUserPayload } from './synced-user.type.js';
import type { SyncedUser, UserSyncService } from './user-sync.service.js';

interface SyncContext {
  readonly userSync: UserSyncService;
}

@Resolver()
export class UserSyncResolver {
  @Query(() => SyncedUserType, {
    nullable: true,
    description:
      'A user from PostgreSQL first, else from MongoDB, which is then copied for the next time; null where nobody is there.',
  })
  syncedUser(
    @Arg('id', () => ID, { description: "The user's id in MongoDB." }) id: string,
    @Ctx() { userSync }: SyncContext,
  ): Promise<SyncedUser | null> {
    return userSync.getUser(id);
  }

  @Mutation(() => SyncUserPayload, {
    description:
      'Copies a user to PostgreSQL now. A row there that belongs to nobody and has the same e-mail address becomes the copy.',
  })
  async syncUser(
    @Arg('id', () => ID, { description: "The user's id in MongoDB." }) id: string,
    @Ctx() { userSync }: SyncContext,
  ): Promise<Written<SyncUserPayload>> {
    const outcome = await userSync.syncUser(id);
    if (outcome.kind === 'userNotFound') return notFound('user', outcome.userId);
    return { user: outcome.user };
  }
}
