import { Joins } from './join/joins.js';
import { OrderRepository } from './domains/order/order.repository.js';
import { UserRepository } from './domains/user/user.repository.js';
import { Users } from './domains/user/user.service.js';
import { OrderService } from './ordering/ordering.service.js';
import { UserRemoval } from './ordering/user-removal.js';
import type { Platform } from './platform/platform.js';

/** Everything that belongs to one request or one background message. Nothing request-scoped lives anywhere else. */
export interface Scope {
  readonly joins: Joins;
  readonly users: Users;
  readonly ordering: OrderService;
  readonly userRemoval: UserRemoval;
}

/** A fresh scope: new loaders, and the services on them. It holds no resource; let go of it when the request is over. */
export function createScope({ postgres, mongo, readers }: Platform): Scope {
  const joins = new Joins(readers);
  const users = new Users({ joins, repository: new UserRepository(mongo) });
  const parts = { joins, users, repository: new OrderRepository(postgres) };
  return { joins, users, ordering: new OrderService(parts), userRemoval: new UserRemoval(parts) };
}
