import { Joins } from './join/joins.js';
import { UserRepository } from './domains/user/user.repository.js';
import { Users } from './domains/user/user.service.js';
import { IdempotencyRepository } from './ordering/idempotency.repository.js';
import { HeldOrderRepository } from './ordering/held-order.repository.js';
import { OrderRepository } from './ordering/order.repository.js';
import { OrderService } from './ordering/ordering.service.js';
import { Settlement } from './ordering/settlement.js';
import { TransactionRepository } from './ordering/transaction.repository.js';
import { UserDeletionRepository } from './ordering/user-deletion.repository.js';
import { UserRemoval } from './ordering/user-removal.js';
import { UsersAtPrimary } from './ordering/users-at-primary.js';
import type { Platform } from './platform/platform.js';

/** Everything that belongs to one request or one background message. Nothing request-scoped lives anywhere else. */
export interface Scope {
  readonly joins: Joins;
  readonly users: Users;
  readonly ordering: OrderService;
  readonly userRemoval: UserRemoval;
  readonly settlement: Settlement;
}

/** Whoever nobody has identified. */
const ANYBODY = 'anybody';

/**
 * A fresh scope: new loaders, and the services on them. It holds no resource; let go of it when the request is over.
 *
 * @param actor who asks: idempotency keys belong to one
 */
export function createScope(platform: Platform, actor = ANYBODY): Scope {
  const { postgres, mongo, readers, keyRetention, onStep } = platform;
  const joins = new Joins(readers);
  const repositories = {
    users: new UserRepository(mongo),
    usersAtPrimary: new UsersAtPrimary(platform.mongoPrimary),
    orders: new OrderRepository(postgres),
    heldOrders: new HeldOrderRepository(postgres),
    transactions: new TransactionRepository(mongo),
    keys: new IdempotencyRepository(postgres, keyRetention),
    deletions: new UserDeletionRepository(postgres),
  };
  const settlement = new Settlement({ ...repositories, onStep });
  const parts = { ...repositories, joins, settlement, onStep, actor };
  return {
    joins,
    users: new Users({ joins, repository: repositories.users }),
    ordering: new OrderService(parts),
    userRemoval: new UserRemoval(parts),
    settlement,
  };
}
