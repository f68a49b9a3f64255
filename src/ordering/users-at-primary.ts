import type { SourceReader } from '../join/reader.js';
import { allFields, KEY } from '../join/source.js';
import { users, type User, type UserId } from '../domains/user/user.source.js';

/** Users as the primary knows them: a copy elsewhere may not know yet that somebody is there, or gone. */
export class UsersAtPrimary {
  readonly #reader: Pick<SourceReader, 'findByKeys'>;

  constructor(reader: Pick<SourceReader, 'findByKeys'>) {
    this.#reader = reader;
  }

  /** The user with this id, or null where nobody is there. @throws {AppError} MONGO_UNAVAILABLE */
  async find(id: UserId): Promise<User | null> {
    const [user] = await this.#reader.findByKeys(users, KEY, [id], allFields(users), null);
    return user ?? null;
  }
}
