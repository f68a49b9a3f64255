import { AppError, isAppError } from '../errors/app-error.js';
import { storableText } from '../join/key.js';
import type { UserCopyRepository } from '../copies/user-copy.repository.js';
import type { UserSnapshots } from '../copies/user-snapshot.repository.js';
import type { UserId } from '../domains/user/user.source.js';
import type { RepairId } from './kept-rows.js';
import type { FollowingOrderRepository } from './following-order.repository.js';

/** Lets the copies of a user, in PostgreSQL's users and on orders, follow the user. */
export class UserFollowing {
  readonly #snapshots: UserSnapshots;
  readonly #copies: UserCopyRepository;
  readonly #orders: FollowingOrderRepository;
  readonly #follows: boolean;

  /** @param parts.follows whether the copies on orders do */
  constructor(parts: {
    snapshots: UserSnapshots;
    copies: UserCopyRepository;
    followingOrders: FollowingOrderRepository;
    follows: boolean;
  }) {
    this.#snapshots = parts.snapshots;
    this.#copies = parts.copies;
    this.#orders = parts.followingOrders;
    this.#follows = parts.follows;
  }

  /**
   * Copies a user as it is now. Made twice, it does the same. Where MongoDB tells of a moment that is older than the
   * name that the copy has, it is to be tried again.
   *
   * @param repairId of a repair: the names that orders had are kept under this entry
   * @returns how many orders were changed
   * @throws {AppError} MONGO_UNAVAILABLE, POSTGRES_UNAVAILABLE, OUTCOME_UNKNOWN when it is to be tried again;
   * WRITE_REFUSED
   */
  async follow(userId: UserId, repairId: RepairId | null = null): Promise<number> {
    const snapshot = await this.#snapshots.ofIds([userId]).catch((error: unknown) => {
      // A MongoDB without snapshots has taken the place of one that had them: nothing can be copied any more.
      if (isAppError(error, 'SYNC_UNAVAILABLE')) return null;
      throw error;
    });
    if (snapshot === null) return 0;
    if (snapshot.unsure.length > 0) throw behind();
    await this.#copies.write(snapshot, false);
    if (!this.#follows) return 0;
    if (await this.#orders.isNamedSince(userId, snapshot.at)) throw behind();
    const [user] = snapshot.users;
    if (user === undefined) return 0;
    const [userName, userEmail] = [storableText(user.username), storableText(user.email)];
    return this.#orders.write({ userId, userName, userEmail, at: snapshot.at }, repairId);
  }
}

/** After a fail-over it may lag, and who has read a later moment may have read it elsewhere. */
function behind(): AppError {
  return new AppError('MONGO_UNAVAILABLE', 'MongoDB does not tell yet of a moment as late as the copy of the user is');
}
