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
import type { GoesOn, UserErasureRepository } from './user-erasure.repository.js';
import type { UsersAtPrimary } from './users-at-primary.js';
import { TIMINGS } from '../platform/timings.js';

export type { DeleteUser };

/** What became of a call to delete a user. But for `deleted` and `pending`, the user is still there. */
export type DeleteUserOutcome =
  | { readonly kind: 'deleted'; readonly user: User }
  | { readonly kind: 'userNotFound'; readonly userId: string }
  /** `orders` is exact up to `COUNTED_ORDERS`; a user with more has that many and one. */
  | { readonly kind: 'hasOrders'; readonly userId: string; readonly orders: number }
  /** A job completes it: the user is yet to be deleted, or is gone and copies of it are yet to be emptied. */
  | { readonly kind: 'pending'; readonly userId: string };

const NOTHING = { username: null, email: null, locCode: null, power: null, createdAt: null, updatedAt: null };

/** Deletes users in MongoDB with regard to what PostgreSQL holds about them. */
export class UserRemoval {
  readonly #joins: Joins;
  readonly #users: UserRepository;
  readonly #usersAtPrimary: UsersAtPrimary;
  readonly #deletions: UserDeletionRepository;
  readonly #erasures: UserErasureRepository;
  readonly #access: Access;
  readonly #onStep: OnStep;

  constructor(parts: {
    access: Access;
    joins: Joins;
    users: UserRepository;
    usersAtPrimary: UsersAtPrimary;
    deletions: UserDeletionRepository;
    erasures: UserErasureRepository;
    onStep: OnStep;
  }) {
    this.#joins = parts.joins;
    this.#users = parts.users;
    this.#usersAtPrimary = parts.usersAtPrimary;
    this.#deletions = parts.deletions;
    this.#erasures = parts.erasures;
    this.#access = parts.access;
    this.#onStep = parts.onStep;
  }

  /**
   * Deletes a user. PostgreSQL takes the user's id first, as it does for each order that is created: REFUSE holds
   * against an order that is created at the same moment. Copies are emptied only once MongoDB has deleted the user.
   *
   * @throws {AppError} BAD_USER_INPUT for what is no ObjectId; FORBIDDEN, POSTGRES_UNAVAILABLE, MONGO_UNAVAILABLE, WRITE_REFUSED,
   * READ_ONLY, ABSENCE_UNPROVED and NOT_UNIQUE when the user is still there, with all copies of it; OUTCOME_UNKNOWN when PostgreSQL's connection broke
   * before the deletion was begun, or right after
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
      await this.#joins.writing(users, () => this.#delete(hold, until, state));
      const isDone = await this.#joins.writing(orders, () => this.#forget(id, () => performance.now() < until));
      return isDone ? { kind: 'deleted', user: found } : { kind: 'pending', userId };
    } catch (error) {
      const isKept = isFinal(error, state) && state.isCertain;
      if (isKept || !(error instanceof AppError)) throw error;
      return { kind: 'pending', userId };
    }
  }

  /** One who is gone already, of whom more than ids is kept, can still be erased. */
  async #remembered(id: UserId): Promise<User | null> {
    return (await this.#erasures.remembers(id)) ? { id, ...NOTHING } : null;
  }

  /**
   * Goes on with a deletion that was begun, by whomever. Emptying copies takes as long as it takes.
   *
   * @param until when to stop waiting for MongoDB, by `performance.now()`
   * @throws {AppError} when it is to be tried again
   */
  async settle(id: UserId, until: number): Promise<void> {
    const hold = await this.#deletions.takeOver(id);
    if (hold === null) return;
    if (!hold.isGone) await this.#delete(hold, until, { isCertain: false });
    await this.#forget(id, () => true);
  }

  /** Deletes the user in MongoDB. */
  async #delete(hold: UserHold, until: number, state: Certainty): Promise<void> {
    try {
      await certain(() => this.#users.delete(hold.userId), until, state);
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
  }

  /**
   * Notes that the user is gone and, of one who is erased, empties what is kept of it beside ids.
   *
   * @returns false where `goesOn` ended it: a job goes on
   */
  async #forget(id: UserId, goesOn: GoesOn): Promise<boolean> {
    const isToBeEmptied = await this.#deletions.noteGone(id);
    await this.#onStep('goneNoted');
    if (isToBeEmptied) {
      if (!(await this.#erasures.empty(id, goesOn))) return false;
      await this.#onStep('copiesEmptied');
      await this.#deletions.finish(id);
    }
    await this.#onStep('deletionNoted');
    return true;
  }
}
