import { idArgument } from '../../graph/id-argument.js';
import { allFields } from '../../graph/selection.js';
import type { Joins } from '../../join/joins.js';
import { users } from './user.source.js';
import type { User } from './user.type.js';

/** Users, for one request. */
export class Users {
  readonly #joins: Joins;

  constructor(joins: Joins) {
    this.#joins = joins;
  }

  /**
   * The user with this id, or null where nobody is there.
   *
   * @throws {AppError} BAD_USER_INPUT for what is no ObjectId; MONGO_UNAVAILABLE
   */
  byId(id: string, fields: ReadonlySet<string> = allFields(users)): Promise<User | null> {
    return this.#joins.byKey(users, idArgument(users, id, 'id'), fields);
  }
}
