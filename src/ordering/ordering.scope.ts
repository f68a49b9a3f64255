import type { Copies } from '../copies/copies.scope.js';
import type { UserRepository } from '../domains/user/user.repository.js';
import type { Joins } from '../join/joins.js';
import type { Platform } from '../platform/platform.js';
import type { Access } from '../security/access.js';
import { FollowingOrderRepository } from './following-order.repository.js';
import { FreshOrderCopies } from './fresh-order-copies.js';
import { HeldOrderRepository } from './held-order.repository.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { NewOrderRepository } from './new-order.repository.js';
import { OrderRepository } from './order.repository.js';
import { KeptRows } from './kept-rows.js';
import { OrderService } from './ordering.service.js';
import { Settlement } from './settlement.js';
import { TransactionRepository } from './transaction.repository.js';
import { UserDeletionRepository } from './user-deletion.repository.js';
import { UserErasureRepository } from './user-erasure.repository.js';
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
  const heldOrders = new HeldOrderRepository(postgres);
  const transactions = new TransactionRepository(mongo);
  const followingOrders = new FollowingOrderRepository(postgres);
  const kept = new KeptRows(postgres);
  const settlement = new Settlement({ heldOrders, transactions, kept, onStep });
  const parts = {
    joins,
    users,
    usersAtPrimary: new UsersAtPrimary(mongoPrimary),
    newOrders: new NewOrderRepository(postgres, follows),
    orders: new OrderRepository(postgres),
    heldOrders,
    transactions,
    keys: new IdempotencyRepository(postgres, keyRetention),
    deletions: new UserDeletionRepository(postgres),
    erasures: new UserErasureRepository(postgres),
    settlement,
    kept,
    onStep,
    access,
    actor: access.actor.name,
  };
  const { snapshots, consistency } = copies;
  return {
    ordering: new OrderService(parts),
    userRemoval: new UserRemoval(parts),
    settlement,
    userFollowing: new UserFollowing({ snapshots, copies: copies.copies, followingOrders, follows }),
    orderCopies: new FreshOrderCopies({ followingOrders, mongoPrimary, follows, consistency }),
  };
}
