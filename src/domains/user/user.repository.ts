import mongoose from 'mongoose';
import { AppError, isAppError } from '../../errors/app-error.js';
import { allFields } from '../../join/source.js';
import { takenField } from '../../platform/mongo/mongo-errors.js';
import type { MongoDatabase } from '../../platform/mongo/mongo.js';
import { changeOne, deleteOne, type OneWrite } from '../../platform/mongo/one-document.js';
import { readTimed, writeTimed, type ClientSession, type OnWritten } from '../../platform/mongo/session.js';
import { toRow } from '../../platform/mongo/rows.js';
import type { UserFields } from './checked-user.js';
import { userModel } from './user.model.js';
import { users, type User, type UserId } from './user.source.js';

const { ObjectId } = mongoose.mongo.BSON;

/** Writes to `users`. Reading goes through the source. */
export class UserRepository {
  readonly #mongo: MongoDatabase;
  readonly #onWritten: OnWritten;

  constructor(mongo: MongoDatabase, onWritten: OnWritten = () => undefined) {
    this.#mongo = mongo;
    this.#onWritten = onWritten;
  }

  /**
   * Writes a new document and returns it as it is read.
   *
   * @throws {AppError} MONGO_UNAVAILABLE when nothing was written; OUTCOME_UNKNOWN when the connection broke in the
   * middle and reading back, by the id that only this document can have, did not find it: it may still come; VALUE_TAKEN
   * and WRITE_REFUSED by rules that the collection has of its own
   */
  async insert(fields: UserFields): Promise<User> {
    const _id = new ObjectId();
    const document = new this.#Model({ _id, ...present(fields) });
    const save = async (session: ClientSession) => (await document.save({ session })).toObject();
    try {
      const write = () => writeTimed(this.#mongo, 'creating a user', save, this.#onWritten);
      return (await this.#written(write)) as User;
    } catch (error) {
      if (!isAppError(error, 'OUTCOME_UNKNOWN')) throw error;
      const find = (session: ClientSession) => this.#Model.findById(_id, null, { session }).lean().exec();
      const found = await readTimed(this.#mongo, find, this.#onWritten).catch(() => null);
      if (found === null) throw error;
      return toUser(found);
    }
  }

  /** Changes a document; null empties a field. Null where there is none. @throws {AppError} as {@link insert} does; NOT_UNIQUE */
  update(id: UserId, fields: UserFields): Promise<User | null> {
    const emptied = Object.entries(fields).filter(([, value]) => value === null);
    const change = {
      $set: { ...present(fields), updatedAt: new Date() },
      ...(emptied.length === 0 ? {} : { $unset: Object.fromEntries(emptied.map(([name]) => [name, 1])) }),
    };
    return this.#written(() => changeOne(this.#write('changing a user', id), change));
  }

  /** Deletes a document and returns it; null where there is none. @throws {AppError} as {@link insert} does; NOT_UNIQUE */
  delete(id: UserId): Promise<User | null> {
    return this.#written(() => deleteOne(this.#write('deleting a user', id)));
  }

  get #Model() {
    return userModel(this.#mongo);
  }

  #write(what: string, id: UserId): OneWrite {
    return { mongo: this.#mongo, source: users, what, id, onWritten: this.#onWritten };
  }

  async #written(write: () => Promise<object | null>): Promise<User | null> {
    try {
      const document = await write();
      return document === null ? null : toUser(document);
    } catch (error) {
      const field = takenField(error);
      if (field === null) throw error;
      const isOurs = field in users.fields;
      const message = `another user has this ${isOurs ? field : 'value'}, and the collection takes it once only`;
      // MongoDB's own error quotes the value, which is somebody's e-mail address, and goes into the log.
      const cause = new Error(`a unique index on ${field} refused it`);
      throw new AppError('VALUE_TAKEN', message, { cause, ...(isOurs ? { field: `input.${field}` } : {}) });
    }
  }
}

function toUser(document: object): User {
  return toRow(users, document as Record<string, unknown>, allFields(users));
}

function present(fields: UserFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
