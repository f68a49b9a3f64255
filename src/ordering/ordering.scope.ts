import type { Copies } from '../copies/copies.scope.js';
import type { UserRepository } from '../domains/user/user.repository.js';
import type { Joins } from '../join/joins.js';
import type { Platform } from '../platform/platform.js';
import type { Access } from '../security/access.js';
import { FollowingOrderRepository } from './following-order.repository.js';
import { FreshOrderCopies } from './fresh-order-copies.js';
import { HeldOrderRepository } from './held-order.repository.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { OrderRepository } from './order.repository.js';
import { OrderService } from './ordering.service.js';
import { Settlement } from './settlement.js';
import { TransactionRepository } from './transaction.repository.js';
import { UserDeletionRepository } from './user-deletion.repository.js';
import { UserFollowing } from './user-following.js';
import { UserRemoval } from './user-removal.js';
import { UsersAtPrimary } from './users-at-primary.js';

/** What a request, or a job, has of what is written to both databases. */
export interface OrderingScope {
  readonly ordering: OrderService;
  readonly userRemoval: UserRemoval;
  readonly settlement: Settlement;
  readonly userFollowing: UserFollowing;
  readonly orderCopies: FreshOrderCopies;
}

/** What it is made of. */
export interface OrderingParts {
  readonly joins: Joins;
  readonly users: UserRepository;
  readonly copies: Copies;
  readonly access: Access;
}

export function orderingOf(platform: Platform, { joins, users, copies, access }: OrderingParts): OrderingScope {
  const { postgres, mongo, mongoPrimary, keyRetention, onStep } = platform;
  const follows = platform.orderCopies === 'follow';
  const repositories = {
    users,
    usersAtPrimary: new UsersAtPrimary(mongoPrimary),
    orders: new OrderRepository(postgres, follows),
    heldOrders: new HeldOrderRepository(postgres),
    transactions: new TransactionRepository(mongo),
    keys: new IdempotencyRepository(postgres, keyRetention),
    deletions: new UserDeletionRepository(postgres),
    followingOrders: new FollowingOrderRepository(postgres),
  };
  const settlement = new Settlement({ ...repositories, onStep });
  const parts = { ...repositories, joins, settlement, onStep, access, actor: access.actor.name };
  return {
    ordering: new OrderService(parts),
    userRemoval: new UserRemoval(parts),
    settlement,
    userFollowing: new UserFollowing({ ...copies, ...repositories, follows }),
    orderCopies: new FreshOrderCopies({ ...repositories, mongoPrimary, follows, consistency: copies.consistency }),
  };
}
