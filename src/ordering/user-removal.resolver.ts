import { Arg, Ctx, ID, Mutation, Resolver } from '../graph/decorators.js';
import type { Written } from '../graph/written-payload.js';
import { AppError, notFound } from '../errors/app-error.js';
import { DeleteUserPayload, OrdersOfDeletedUser } from './user-removal.input.js';
import { COUNTED_ORDERS } from './protocol.js';
import type { DeleteUser, DeleteUserOutcome, UserRemoval } from './user-removal.js';

interface RemovalContext {
  readonly userRemoval: UserRemoval;
}

@Resolver()
export class UserRemovalResolver {
  @Mutation(() => DeleteUserPayload, { description: 'Deletes a user, by default only one who has no orders.' })
  async deleteUser(
    @Arg('id', () => ID, { description: "The user's id." }) id: string,
    @Arg('orders', () => OrdersOfDeletedUser, {
      nullable: true,
      defaultValue: OrdersOfDeletedUser.REFUSE,
      description: 'What happens when the user has orders: refuse, or keep them.',
    })
    orders: DeleteUser['orders'] | null,
    @Arg('erase', () => Boolean, {
      nullable: true,
      defaultValue: false,
      description:
        'Whether the person is forgotten: of the user, and of the copies on orders that stay, only ids are kept. One who ' +
        'was deleted before can still be erased.',
    })
    erase: boolean | null,
    @Ctx() { userRemoval }: RemovalContext,
  ): Promise<Written<DeleteUserPayload>> {
    return deletedUser(await userRemoval.deleteUser(id, { orders: orders ?? 'REFUSE', erase: erase ?? false }));
  }
}

function deletedUser(outcome: DeleteUserOutcome): Written<DeleteUserPayload> {
  switch (outcome.kind) {
    case 'deleted':
      return { user: outcome.user };
    case 'userNotFound':
      return notFound('user', outcome.userId);
    case 'hasOrders':
      throw new AppError(
        'USER_HAS_ORDERS',
        `the user has ${countedOrders(outcome.orders)} and was not deleted; orders: KEEP deletes the user and keeps the orders`,
        { field: 'orders' },
      );
    case 'pending':
      throw new AppError(
        'OUTCOME_PENDING',
        'the user is being deleted, and a job completes that as soon as both databases answer; with erase, once every copy ' +
          'is emptied. No order can be created any more. The same call says how it stands',
      );
  }
}

function countedOrders(orders: number): string {
  if (orders > COUNTED_ORDERS) return `more than ${COUNTED_ORDERS} orders`;
  return `${orders} ${orders === 1 ? 'order' : 'orders'}`;
}
