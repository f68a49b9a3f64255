import { AppError, isPassing } from '../errors/app-error.js';
import type { UserId } from '../domains/user/user.source.js';
import { normalizeKey } from '../join/key.js';
import type { OrderService } from '../ordering/ordering.service.js';
import type { UserFollowing } from '../ordering/user-following.js';
import type { Inconsistency, InconsistencyKind } from './inconsistency.js';
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
  readonly run: (finding: Inconsistency) => Promise<Mended>;
}

export interface ActParts {
  readonly repairing: Repairing;
  readonly ordering: OrderService;
  readonly userFollowing: UserFollowing;
}

const REPAIRED: Mended = { kind: 'repaired' };
const UNDER_WAY: Mended = { kind: 'underWay' };

/** Whoever has named the wrong database does not lose all that refers to it. */
const NO_USERS = 'MongoDB has no user at all: look whether MONGODB_URI names the right database';
const NO_ORDERS = 'PostgreSQL has no order at all: look whether DATABASE_URL names the right database';

const SHARED =
  'several users have this id: insert all but one in MongoDB under another _id, and delete them under this one';

/** How each kind is mended, by whoever says that it is to be. Every act can be made again. */
export function actsWith({ repairing, ordering, userFollowing }: ActParts): Readonly<Record<InconsistencyKind, Act>> {
  const relink: Act = {
    before: ({ id }) => repairing.copy(id),
    run: async ({ id }) => {
      await repairing.relink(id);
      return REPAIRED;
    },
  };
  return {
    danglingOrders: {
      before: ({ id }) => repairing.order(id),
      run: async ({ id, reason }) =>
        reason === 'MALFORMED' || (await repairing.hasUsers()) ? deleteOrder(ordering, id) : left(NO_USERS),
    },
    orphanTransactions: {
      before: ({ id }) => repairing.transaction(id),
      run: async ({ id, reference, reason }) => {
        if (reason !== 'MALFORMED' && !(await repairing.hasOrders())) return left(NO_ORDERS);
        if (normalizeKey('objectId', id) === null) return left('its id is no ObjectId: delete it in MongoDB');
        await repairing.deleteTransaction(id, reference);
        return REPAIRED;
      },
    },
    wrongAmounts: {
      before: ({ id }) => repairing.transaction(id),
      run: async ({ id, reference }) =>
        (await repairing.settle(id, reference))
          ? UNDER_WAY
          : left('it was recorded by another program: correct it there'),
    },
    staleCopies: relink,
    conflictingCopies: {
      ...relink,
      run: async (finding) => (finding.reason === 'ID_SHARED' ? left(SHARED) : relink.run(finding)),
    },
    staleOrderCopies: {
      before: ({ reference }) => repairing.copy(String(normalizeKey('objectId', reference))),
      run: async ({ reference }) => {
        const orders = await userFollowing.follow(String(normalizeKey('objectId', reference)) as UserId);
        return { ...REPAIRED, orders };
      },
    },
  };
}

async function deleteOrder(ordering: OrderService, id: string): Promise<Mended> {
  const outcome = await ordering.deleteOrder(id);
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
