import { idArgument } from '../../graph/arguments.js';
import { readOne } from '../../graph/reading.js';
import type { Joins } from '../../join/joins.js';
import type { Access } from '../../security/access.js';
import { checkedUser, type CreateUser, type UpdateUser } from './checked-user.js';
import type { UserRepository } from './user.repository.js';
import { users, type User } from './user.source.js';

/** Users, for one request. MongoDB is their home. */
export class Users {
  readonly #joins: Joins;
  readonly #repository: UserRepository;
  readonly #access: Access;

  constructor(parts: { joins: Joins; repository: UserRepository; access: Access }) {
    this.#access = parts.access;
    this.#joins = parts.joins;
    this.#repository = parts.repository;
  }

  /**
   * The user with this id, or null where nobody is there.
   *
   * @throws {AppError} BAD_USER_INPUT for what is no ObjectId; MONGO_UNAVAILABLE
   */
  byId(id: string, fields?: ReadonlySet<string>): Promise<User | null> {
    return readOne(this.#joins, users, id, fields);
  }

  /**
   * Writes a new user and returns it.
   *
   * @throws {AppError} BAD_USER_INPUT, naming the field; FORBIDDEN; MONGO_UNAVAILABLE; OUTCOME_UNKNOWN
   */
  async create(input: CreateUser): Promise<User> {
    const user = checkedUser(input);
    this.#access.refuseUnless('create', users, user, Object.keys(user));
    return this.#joins.writing(users, () => this.#repository.insert(user));
  }

  /**
   * Changes what the input names: a field that is absent stays, null empties it.
   *
   * @returns the user as it is now, or null where nobody has the id
   * @throws {AppError} BAD_USER_INPUT, naming the argument or field; FORBIDDEN; MONGO_UNAVAILABLE; OUTCOME_UNKNOWN
   */
  async update(id: string, input: UpdateUser): Promise<User | null> {
    const [userId, changes] = [idArgument(users, id, 'id'), checkedUser(input)];
    this.#access.refuseUnless('update', users, { id: userId }, Object.keys(changes));
    if (Object.keys(changes).length === 0) return this.byId(userId);
    return this.#joins.writing(users, () => this.#repository.update(userId, changes));
  }

  /**
   * Deletes a user, whatever refers to it: who may be deleted is the ordering service's to say.
   *
   * @returns the user that was there, or null where nobody has the id
   * @throws {AppError} BAD_USER_INPUT for what is no ObjectId; MONGO_UNAVAILABLE; OUTCOME_UNKNOWN
   */
  async delete(id: string): Promise<User | null> {
    const userId = idArgument(users, id, 'id');
    return this.#joins.writing(users, () => this.#repository.delete(userId));
  }
}
