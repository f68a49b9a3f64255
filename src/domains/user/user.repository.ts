import mongoose from 'mongoose';
import { AppError, isAppError, writeRefused } from '../../errors/app-error.js';
import { allFields } from '../../join/source.js';
import { takenField } from '../../platform/mongo/mongo-errors.js';
import type { MongoDatabase } from '../../platform/mongo/mongo.js';
import { theKey } from '../../platform/mongo/the-key.js';
import { readTimed, writeTimed, type ClientSession, type OnWritten } from '../../platform/mongo/session.js';
import { toRow } from '../../platform/mongo/rows.js';
import type { UserFields } from './checked-user.js';
import { userModel } from './user.model.js';
import { users, type User, type UserId } from './user.source.js';

const { ObjectId } = mongoose.mongo.BSON;

/** How often a document is looked for that others replace meanwhile. */
const ATTEMPTS = 3;

type ObjectId = mongoose.mongo.BSON.ObjectId;
type WriteOne = (_id: ObjectId, session: ClientSession) => Promise<object | null>;

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
      return (await this.#write('creating a user', save)) as User;
    } catch (error) {
      if (!isAppError(error, 'OUTCOME_UNKNOWN')) throw error;
      const find = (session: ClientSession) => this.#Model.findById(_id, null, { session }).lean().exec();
      const found = await readTimed(this.#mongo, find, this.#onWritten).catch(() => null);
      if (found === null) throw error;
      return toUser(found);
    }
  }

  /**
   * Changes a document, in whichever form its id is stored; null empties a field. Null where there is none.
   *
   * @throws {AppError} as {@link insert} does; ID_SHARED
   */
  update(id: UserId, fields: UserFields): Promise<User | null> {
    const emptied = Object.entries(fields).filter(([, value]) => value === null);
    const change = {
      $set: { ...present(fields), updatedAt: new Date() },
      ...(emptied.length === 0 ? {} : { $unset: Object.fromEntries(emptied.map(([name]) => [name, 1])) }),
    };
    return this.#each('changing a user', id, (_id, session) =>
      this.#collection.findOneAndUpdate({ _id }, change, { returnDocument: 'after', session }),
    );
  }

  /**
   * Deletes a document, in whichever form its id is stored, and returns it. Null where there is none, as the majority of
   * the servers knows.
   *
   * @throws {AppError} as {@link insert} does; ID_SHARED
   */
  delete(id: UserId): Promise<User | null> {
    return this.#each('deleting a user', id, (_id, session) =>
      this.#collection.findOneAndDelete({ _id }, { writeConcern: { w: 'majority' }, session }),
    );
  }

  /** Writes to the one document with an id. One that another has replaced meanwhile is looked for again. */
  async #each(what: string, id: UserId, write: WriteOne): Promise<User | null> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const key = await theKey(this.#mongo, users, id);
      // Where there is none, a write that meets none all the same has the majority's word for it.
      const written = await this.#write(what, (session) => write((key ?? new ObjectId(id)) as ObjectId, session));
      if (written !== null || key === null) return written;
    }
    if ((await theKey(this.#mongo, users, id)) === null) return null;
    throw writeRefused(what, new Error('the document is there, and no write meets it'));
  }

  /** Without Mongoose, which takes a text for the ObjectId that it spells. */
  get #collection() {
    return this.#Model.collection;
  }

  get #Model() {
    return userModel(this.#mongo);
  }

  async #write(what: string, work: (session: ClientSession) => Promise<object | null>): Promise<User | null> {
    try {
      const document = await writeTimed(this.#mongo, what, work, this.#onWritten);
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
