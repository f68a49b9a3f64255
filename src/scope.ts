import { copiesOf, type CopiesScope } from './copies/copies.scope.js';
import { UserRepository } from './domains/user/user.repository.js';
import { Users } from './domains/user/user.service.js';
import { auditOf, type AuditScope } from './audit/audit.scope.js';
import { Joins } from './join/joins.js';
import { orderingOf, type OrderingScope } from './ordering/ordering.scope.js';
import type { Platform } from './platform/platform.js';
import { POLICY } from './policy.js';
import { Access } from './security/access.js';
import { PROGRAM, type Actor } from './security/actor.js';

/** Everything that belongs to one request or one background message. Nothing request-scoped lives anywhere else. */
export interface Scope extends CopiesScope, OrderingScope, AuditScope {
  readonly access: Access;
  readonly joins: Joins;
  readonly users: Users;
}

/** Who asks, and what of. */
export interface Caller {
  /** The program itself where nobody is named: it may do everything. */
  readonly actor?: Actor;
  /** The `consistencyToken` of a mutation: what is read from copies is not older. */
  readonly consistencyToken?: string | null;
}

/** A fresh scope: new loaders, and the services on them. It holds no resource; let go of it when the request is over. */
export function createScope(platform: Platform, caller: Caller = {}): Scope {
  const access = new Access(caller.actor ?? PROGRAM, POLICY);
  const joins = new Joins(platform.readers, access);
  const copies = copiesOf(platform, access, caller.consistencyToken ?? null);
  const { consistency, userSync } = copies;
  const repository = new UserRepository(platform.mongo, consistency.note);
  const written = orderingOf(platform, { joins, users: repository, copies, access });
  const { ordering, userRemoval, settlement, userFollowing, orderCopies } = written;
  const { audit, repair, undo } = auditOf(platform, { copies, written, access });
  const users = new Users({ joins, repository, access });
  // Each by its name: to what is spread together V8 gives a shape of its own, which only a full collection takes away.
  return {
    access,
    joins,
    users,
    consistency,
    userSync,
    ordering,
    userRemoval,
    settlement,
    userFollowing,
    orderCopies,
    audit,
    repair,
    undo,
  };
}
