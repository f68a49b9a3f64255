import mongoose from 'mongoose';
import { AppError } from '../../errors/app-error.js';
import { takenField } from '../../platform/mongo/mongo-errors.js';
import type { MongoDatabase } from '../../platform/mongo/mongo.js';
import { toRow } from '../../platform/mongo/rows.js';
import type { UserFields } from './checked-user.js';
import { userModel } from './user.model.js';
import { allFields } from '../../join/source.js';
import { users, type User, type UserId } from './user.source.js';

const { ObjectId } = mongoose.mongo.BSON;

/** A document as the driver gives it, or null where there was none. */
type Found = Promise<object | null>;

/** Writes to `users`. Reading goes through the source. */
export class UserRepository {
  readonly #mongo: MongoDatabase;

  constructor(mongo: MongoDatabase) {
    this.#mongo = mongo;
  }

  /**
   * Writes a new document and returns it as it is read.
   *
   * @throws {AppError} MONGO_UNAVAILABLE when nothing was written; OUTCOME_UNKNOWN when that cannot be said;
   * VALUE_TAKEN and WRITE_REFUSED by rules that the collection has of its own
   */
  async insert(fields: UserFields): Promise<User> {
    const Model = this.#model;
    const document = new Model({ _id: new ObjectId(), ...present(fields) });
    const written = await this.#write('a user was written', async () => (await document.save()).toObject());
    if (written === null) throw new Error('MongoDB acknowledged a user that it did not give back');
    return written;
  }

  /** Changes a document; null empties a field. Null where there is none. @throws {AppError} as {@link insert} does */
  update(id: UserId, fields: UserFields): Promise<User | null> {
    const emptied = Object.entries(fields).filter(([, value]) => value === null);
    const change = { $set: present(fields), $unset: Object.fromEntries(emptied.map(([name]) => [name, 1])) };
    return this.#write('a user was changed', () =>
      this.#model
        .findOneAndUpdate({ _id: new ObjectId(id) }, change, { returnDocument: 'after' })
        .lean()
        .exec(),
    );
  }

  /** Deletes a document and returns it; null where there is none. @throws {AppError} as {@link insert} does */
  delete(id: UserId): Promise<User | null> {
    return this.#write('a user was deleted', () =>
      this.#model
        .findOneAndDelete({ _id: new ObjectId(id) })
        .lean()
        .exec(),
    );
  }

  get #model() {
    return userModel(this.#mongo.connection);
  }

  async #write(what: string, work: () => Found): Promise<User | null> {
    try {
      const document = await this.#mongo.write(what, work);
      return document === null ? null : toRow(users, document as Record<string, unknown>, allFields(users));
    } catch (error) {
      const field = takenField(error);
      if (field === null) throw error;
      const isOurs = field in users.fields;
      const message = `another user has this ${isOurs ? field : 'value'}, and the collection takes it once only`;
      throw new AppError('VALUE_TAKEN', message, { cause: error, ...(isOurs ? { field: `input.${field}` } : {}) });
    }
  }
}

function present(fields: UserFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
