import { orders } from './domains/order/order.source.js';
import { transactions } from './domains/transaction/transaction.source.js';
import { users } from './domains/user/user.source.js';
import { ADMIN } from './security/actor.js';
import { allow, type Policy } from './security/policy.js';
import { either, everyone, owner, role } from './security/rules.js';

/** Who works here; the names are those of the token's roles. */
const STAFF = ['staff', ADMIN];
const staff = role(...STAFF);

/** A user is its own owner; an order and a transaction are the user's whom they are about. */
const oneself = either(owner('id'), staff);
const theirUser = either(owner('userId'), staff);

/**
 * Who may see and do what. It holds for every caller with an identity, on every way to a value: a row that one may not
 * see is not there, a field that one may not read is null with FORBIDDEN, and what is not allowed here is refused.
 */
export const POLICY: Policy = {
  sources: [
    allow(users, {
      visibleTo: everyone,
      readable: { id: everyone, username: everyone },
      otherwise: oneself,
      create: staff,
      update: oneself,
      delete: staff,
      // Rows of PostgreSQL that belong to nobody are linked by an address, which nobody has verified here.
      writable: { power: staff, email: staff },
      // When a copy was made tells when its user was last changed.
      types: { SyncedUser: { syncedAt: oneself, lagSeconds: oneself } },
    }),
    // With the copies of the user's name and address that are on them.
    allow(orders, { visibleTo: theirUser, create: theirUser, update: theirUser, delete: theirUser }),
    allow(transactions, { visibleTo: theirUser }),
  ],
  operations: { syncUser: STAFF, consistency: [ADMIN], repair: [ADMIN], undoRepair: [ADMIN], repairRuns: [ADMIN] },
  otherSources: staff,
};
