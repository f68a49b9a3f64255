import { copiesOf, type CopiesScope } from './copies/copies.scope.js';
import { UserRepository } from './domains/user/user.repository.js';
import { Users } from './domains/user/user.service.js';
import { auditOf, type AuditCaller, type AuditScope } from './audit/audit.scope.js';
import { Joins } from './join/joins.js';
import { orderingOf, type OrderingScope } from './ordering/ordering.scope.js';
import type { Platform } from './platform/platform.js';

/** Everything that belongs to one request or one background message. Nothing request-scoped lives anywhere else. */
export interface Scope extends CopiesScope, OrderingScope, AuditScope {
  readonly joins: Joins;
  readonly users: Users;
}

/** Who asks, and what of. */
export interface Caller extends AuditCaller {
  /** Idempotency keys belong to one. Whoever nobody has identified is anybody. */
  readonly actor?: string;
  /** The `consistencyToken` of a mutation: what is read from copies is not older. */
  readonly consistencyToken?: string | null;
}

/** A fresh scope: new loaders, and the services on them. It holds no resource; let go of it when the request is over. */
export function createScope(platform: Platform, caller: Caller = {}): Scope {
  const joins = new Joins(platform.readers);
  const copies = copiesOf(platform, caller.consistencyToken ?? null);
  const users = new UserRepository(platform.mongo, copies.consistency.note);
  const written = { ...copies, ...orderingOf(platform, { joins, users, copies, actor: caller.actor ?? 'anybody' }) };
  return { joins, users: new Users({ joins, repository: users }), ...written, ...auditOf(platform, written, caller) };
}
