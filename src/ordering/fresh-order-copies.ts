import DataLoader from 'dataloader';
import { alignToKeys } from '../join/align.js';
import { normalizeKey, storableText } from '../join/key.js';
import type { SourceReader } from '../join/reader.js';
import { KEY } from '../join/source.js';
import type { Consistency } from '../copies/consistency.js';
import type { Order, OrderId } from '../domains/order/order.source.js';
import { users, type User } from '../domains/user/user.source.js';
import type { FollowingOrderRepository } from './following-order.repository.js';

/** The fields of an order that are copies, and what they are copies of. */
const SOURCES = { userName: 'username', userEmail: 'email' } as const;

/** What is needed of an order to read its copies. */
export type CopiedOrder = Pick<Order, 'id' | 'userId' | keyof typeof SOURCES>;

/** Keys in one statement at most; more are split. */
const MAX_BATCH = 10_000;

/** The same for both: a later mutation of the request may change what an earlier one has read. */
const ASKED_AGAIN = { cache: false, maxBatchSize: MAX_BATCH };

const USER_FIELDS: ReadonlySet<string> = new Set([KEY, ...Object.values(SOURCES)]);

/** The copies on orders for a caller who has to see a write: as they are once they follow it, else from the user. */
export class FreshOrderCopies {
  readonly #consistency: Consistency;
  readonly #follows: boolean;
  readonly #isFollowed: DataLoader<OrderId, boolean>;
  readonly #users: DataLoader<string, User | null>;

  /**
   * @param parts.mongoPrimary another member may not have the write yet that is to be seen
   * @param parts.follows whether the copies follow at all
   */
  constructor(parts: {
    consistency: Consistency;
    mongoPrimary: Pick<SourceReader, 'findByKeys'>;
    followingOrders: FollowingOrderRepository;
    follows: boolean;
  }) {
    this.#consistency = parts.consistency;
    this.#follows = parts.follows;
    this.#isFollowed = new DataLoader(
      async (ids) => {
        const followed = await parts.followingOrders.followed([...new Set(ids)]);
        return ids.map((id) => followed.has(id));
      },
      { name: 'orders that follow', ...ASKED_AGAIN },
    );
    this.#users = new DataLoader(
      async (keys) => {
        const found = await parts.mongoPrimary.findByKeys(users, KEY, [...new Set(keys)], USER_FIELDS, null);
        return keys.map(alignToKeys(found, userKey));
      },
      { name: 'users of orders that follow', ...ASKED_AGAIN },
    );
  }

  /**
   * @param order as it was read
   * @throws {AppError} BAD_USER_INPUT for a token that is none; POSTGRES_UNAVAILABLE and MONGO_UNAVAILABLE where the
   * user has to be asked
   */
  read(order: CopiedOrder, field: keyof typeof SOURCES): string | null | Promise<string | null> {
    const isLateEnough = this.#consistency.after === null || !this.#follows || this.#consistency.areCopiesInStep;
    return isLateEnough ? order[field] : this.#readFresh(order, field);
  }

  async #readFresh(order: CopiedOrder, field: keyof typeof SOURCES): Promise<string | null> {
    const key = normalizeKey('objectId', order.userId);
    if (key === null || !(await this.#isFollowed.load(order.id))) return order[field];
    const user = await this.#users.load(key);
    return user === null ? order[field] : storableText(user[SOURCES[field]]);
  }
}

function userKey({ id }: Pick<User, 'id'>): string | null {
  return normalizeKey('objectId', id);
}
