import { AppError } from '../errors/app-error.js';
import { idArgument } from '../graph/arguments.js';
import type { Joins } from '../join/joins.js';
import type { Access } from '../security/access.js';
import { orders } from '../domains/order/order.source.js';
import type { UserRepository } from '../domains/user/user.repository.js';
import { users, type User, type UserId } from '../domains/user/user.source.js';
import { certain, isFinal, untilKnown, type Certainty } from './certainty.js';
import type { OnStep } from './protocol.js';
import type { DeleteUser, UserDeletionRepository, UserHold } from './user-deletion.repository.js';
import type { UsersAtPrimary } from './users-at-primary.js';
import { TIMINGS } from '../platform/timings.js';

export type { DeleteUser };

/** What became of a call to delete a user. But for `deleted` and `pending`, the user is still there. */
export type DeleteUserOutcome =
  | { readonly kind: 'deleted'; readonly user: User }
  | { readonly kind: 'userNotFound'; readonly userId: string }
  | { readonly kind: 'hasOrders'; readonly userId: string; readonly orders: number }
  /** No order can be created for the user any more, who will be gone as soon as both databases answer. */
  | { readonly kind: 'pending'; readonly userId: string };

const NOTHING = { username: null, email: null, locCode: null, power: null, createdAt: null, updatedAt: null };

/** Deletes users in MongoDB with regard to what PostgreSQL holds about them. */
export class UserRemoval {
  readonly #joins: Joins;
  readonly #users: UserRepository;
  readonly #usersAtPrimary: UsersAtPrimary;
  readonly #deletions: UserDeletionRepository;
  readonly #access: Access;
  readonly #onStep: OnStep;

  constructor(parts: {
    access: Access;
    joins: Joins;
    users: UserRepository;
    usersAtPrimary: UsersAtPrimary;
    deletions: UserDeletionRepository;
    onStep: OnStep;
  }) {
    this.#joins = parts.joins;
    this.#users = parts.users;
    this.#usersAtPrimary = parts.usersAtPrimary;
    this.#deletions = parts.deletions;
    this.#access = parts.access;
    this.#onStep = parts.onStep;
  }

  /**
   * Deletes a user. PostgreSQL takes the user's id first, as it does for each order that is created: REFUSE holds
   * against an order that is created at the same moment.
   *
   * @throws {AppError} BAD_USER_INPUT for what is no ObjectId; FORBIDDEN, POSTGRES_UNAVAILABLE, MONGO_UNAVAILABLE, WRITE_REFUSED
   * and READ_ONLY when the user is still there; OUTCOME_UNKNOWN when PostgreSQL's connection broke, so that the copies
   * may have been emptied
   */
  async deleteUser(userId: string, how: DeleteUser): Promise<DeleteUserOutcome> {
    const id = idArgument(users, userId, 'id');
    this.#access.refuseUnless('delete', users, { id });
    const until = performance.now() + TIMINGS.ordering.call;
    const found = (await this.#usersAtPrimary.find(id)) ?? (how.erase ? await this.#remembered(id) : null);
    if (found === null) return { kind: 'userNotFound', userId };
    const begun = await this.#joins.writing(orders, () => untilKnown(() => this.#deletions.begin(id, how), until));
    const { hold } = begun;
    if (hold === null) return { kind: 'hasOrders', userId, orders: begun.orders };
    await this.#onStep('userHeld');
    const state = { isCertain: !hold.wasHeld };
    try {
      await this.#joins.writing(users, () => this.#delete(id, hold, until, state));
    } catch (error) {
      const isKept = isFinal(error, state) && state.isCertain;
      if (isKept || !(error instanceof AppError)) throw error;
      return { kind: 'pending', userId };
    }
    return { kind: 'deleted', user: found };
  }

  /** One who is gone already, of whom more than ids is kept, can still be erased. */
  async #remembered(id: UserId): Promise<User | null> {
    return (await this.#deletions.remembers(id)) ? { id, ...NOTHING } : null;
  }

  /** Goes on with a deletion that was begun, by whomever. @throws {AppError} when it is to be tried again */
  async settle(id: UserId, until: number): Promise<void> {
    const hold = await this.#deletions.takeOver(id);
    if (hold !== null) await this.#delete(id, hold, until, { isCertain: false });
  }

  async #delete(id: UserId, hold: UserHold, until: number, state: Certainty): Promise<void> {
    try {
      await certain(() => this.#users.delete(id), until, state);
    } catch (error) {
      // A delete that is on its way may still come: then the user cannot be let go. Nor where another has the hold.
      if (isFinal(error, state) && state.isCertain) {
        state.isCertain = false;
        state.isCertain = await this.#deletions.abandon(hold);
      }
      throw error;
    }
    // The user is gone, whatever becomes of noting it.
    state.isCertain = false;
    await this.#onStep('userDeleted');
    await this.#deletions.finish(id);
    await this.#onStep('deletionNoted');
  }
}
