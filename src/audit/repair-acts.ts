import { AppError, isPassing } from '../errors/app-error.js';
import type { UserId } from '../domains/user/user.source.js';
import { normalizeKey } from '../join/key.js';
import type { RepairId } from '../ordering/kept-rows.js';
import type { OrderService } from '../ordering/ordering.service.js';
import type { UserFollowing } from '../ordering/user-following.js';
import type { Inconsistency, InconsistencyKind } from './inconsistency.js';
import type { MeantPartners } from './meant-partners.js';
import type { Repairing } from './repairing.repository.js';

/** What became of an attempt to mend something. */
export type Mended =
  | { readonly kind: 'repaired'; /** How many were mended with it, itself included. */ readonly orders?: number }
  /** It is as good as done: a job completes it. */
  | { readonly kind: 'underWay' }
  | { readonly kind: 'left'; readonly because: string };

/** How one kind is mended. */
export interface Act {
  /** What is there before, for the log. */
  readonly before: (finding: Inconsistency) => Promise<object | null>;
  /** @param repairId the entry in the log; the rows are kept whole under it before they are changed or deleted */
  readonly run: (finding: Inconsistency, repairId: RepairId) => Promise<Mended>;
}

export interface ActParts {
  readonly repairing: Repairing;
  readonly partners: MeantPartners;
  readonly ordering: OrderService;
  readonly userFollowing: UserFollowing;
}

/** Of what has no policy: its partner is there, and a statement mends the reference, if anything does. */
const NONE: Act = {
  before: () => Promise.resolve(null),
  run: () => Promise.resolve(left('its reference is to be corrected, and nothing deleted')),
};

const REPAIRED: Mended = { kind: 'repaired' };
const UNDER_WAY: Mended = { kind: 'underWay' };

/** Whoever has named the wrong database does not lose all that refers to it. */
const NO_USERS = 'MongoDB has no user at all: look whether MONGODB_URI names the right database';
const CHANGING = 'it was changed while it was being deleted: run it again';
const NO_ORDERS = 'PostgreSQL has no order at all: look whether DATABASE_URL names the right database';

const NOT_CONFIRMED = 'most members of MongoDB do not confirm that its user is gone';
const SHARED =
  'several users have this id: insert all but one in MongoDB under another _id, and delete them under this one';

/** How each kind is mended, by whoever says that it is to be. Every act can be made again. */
export function actsWith({
  repairing,
  partners,
  ordering,
  userFollowing,
}: ActParts): Readonly<Record<InconsistencyKind, Act>> {
  const relink: Act = {
    before: ({ id }) => repairing.copy(id),
    run: async ({ id }, repairId) => {
      await repairing.relink(id, repairId);
      return REPAIRED;
    },
  };
  return {
    danglingOrders: {
      before: ({ id }) => repairing.order(id),
      run: async ({ id, reason, reference }, repairId) => {
        if (!(await repairing.hasUsers())) return left(NO_USERS);
        const user = await partners.userOf(reference);
        if (user !== null) return left(user);
        const isGone = reason === 'MALFORMED' || (await repairing.isUserGone(reference));
        return isGone ? deleteOrder(ordering, id, repairId) : left(NOT_CONFIRMED);
      },
    },
    orphanTransactions: {
      before: ({ id }) => repairing.transaction(id),
      run: async ({ id, reason, reference }, repairId) => {
        if (!(await repairing.hasOrders())) return left(NO_ORDERS);
        if (normalizeKey('objectId', id) === null) return left('its id is no ObjectId: delete it in MongoDB');
        const order = await partners.orderOf(reference);
        if (order !== null) return left(order);
        if (reason !== 'MALFORMED' && (await repairing.hasOrder(reference))) return left('its order is there');
        return (await repairing.deleteTransaction(id, reference, repairId)) === 'changing' ? left(CHANGING) : REPAIRED;
      },
    },
    wrongAmounts: {
      before: ({ id }) => repairing.transaction(id),
      run: async ({ id, reference }, repairId) =>
        (await repairing.settle(id, reference, repairId))
          ? UNDER_WAY
          : left('it was recorded by another program: correct it there'),
    },
    staleCopies: relink,
    conflictingCopies: {
      ...relink,
      run: async (finding, repairId) => (finding.reason === 'ID_SHARED' ? left(SHARED) : relink.run(finding, repairId)),
    },
    staleOrderCopies: {
      before: ({ reference }) => repairing.copy(String(normalizeKey('objectId', reference))),
      run: async ({ reference }, repairId) => {
        const orders = await userFollowing.follow(String(normalizeKey('objectId', reference)) as UserId, repairId);
        return { ...REPAIRED, orders };
      },
    },
    wrappedReferences: NONE,
    otherTypeReferences: NONE,
  };
}

async function deleteOrder(ordering: OrderService, id: string, repairId: RepairId): Promise<Mended> {
  const outcome = await ordering.deleteOrder(id, repairId);
  switch (outcome.kind) {
    case 'deleted':
    case 'orderNotFound':
      return REPAIRED;
    case 'pending':
      return UNDER_WAY;
    case 'transactionsKept':
      return left(`its transactions could not be deleted (${outcome.because.message})`);
    case 'unknown':
      return left('the connection broke: whether it is being deleted is not known');
  }
}

/** What a database's own rules refuse is left as it is, and the rest is mended. @throws what says that a database is away */
export async function attempted(run: () => Promise<Mended>): Promise<Mended> {
  try {
    return await run();
  } catch (error) {
    if (isPassing(error) || !(error instanceof AppError)) throw error;
    return left(`${error.code}: ${error.message}`);
  }
}

export function left(because: string): Mended {
  return { kind: 'left', because };
}
