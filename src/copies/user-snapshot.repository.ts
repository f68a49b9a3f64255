import mongoose from 'mongoose';
import { users, type User, type UserId } from '../domains/user/user.source.js';
import { AppError } from '../errors/app-error.js';
import { CATALOGUE } from '../errors/codes.js';
import { storedName } from '../join/source.js';
import type { ClusterTime } from '../platform/mongo/cluster-time.js';
import type { Document } from '../platform/mongo/document.js';
import { encodedKey } from '../platform/mongo/encoded-key.js';
import type { MongoDatabase } from '../platform/mongo/mongo.js';
import { toRow } from '../platform/mongo/rows.js';
import { findInSnapshot, type SnapshotOptions } from '../platform/mongo/snapshot.js';
import { isUsualForm } from '../platform/mongo/stored-forms.js';
import { fromStored } from '../platform/mongo/stored-values.js';
import { COPIED } from './user-copy.source.js';

const { EJSON, ObjectId } = mongoose.mongo.BSON;

/** What is read of a user, to be copied. */
export type CopiedUser = Pick<User, 'id' | (typeof COPIED)[number]>;

/** Users as they were at one moment. */
export interface UserSnapshot {
  readonly at: ClusterTime;
  readonly users: readonly CopiedUser[];
  /** Those that were asked for and were not there. */
  readonly gone: readonly UserId[];
  /** The key of the last one, as it is stored; undefined where there was none. */
  readonly last: unknown;
}

/** The same of users who were asked for by their keys, which may be too many for one answer. */
export interface ChangedUsers extends UserSnapshot {
  /** Keys that are still to be asked for. */
  readonly left: readonly unknown[];
}

const FIELDS = ['id', ...COPIED] as const;
const PROJECTION = Object.fromEntries(FIELDS.map((name) => [storedName(users, name), 1 as const]));

interface Finding extends SnapshotOptions {
  /** The key of a user to be left out, encoded. */
  readonly except?: string;
}

/** Reads users as of one moment, which says what is older than what. */
export class UserSnapshots {
  readonly #mongo: MongoDatabase;

  constructor(mongo: MongoDatabase) {
    this.#mongo = mongo;
  }

  /** The users with these ids, however their keys are stored. @throws {AppError} MONGO_UNAVAILABLE; SYNC_UNAVAILABLE */
  async ofIds(ids: readonly UserId[]): Promise<UserSnapshot> {
    return withoutGone(await this.#find({ filter: withKeys(ids.flatMap(keysOf)) }), ids);
  }

  /**
   * The users with these keys, each as it is stored: of a user who is gone, another with the same id may be there, whose
   * key is stored in another way.
   *
   * @throws {AppError} MONGO_UNAVAILABLE; SYNC_UNAVAILABLE
   */
  async ofKeys(keys: readonly unknown[]): Promise<ChangedUsers> {
    const ids = [...new Set(keys.map(idOf))];
    const filter = withKeys([...keys, ...ids.flatMap(keysOf)]);
    const snapshot = await this.#find({ filter }, { isOneAnswer: true });
    if (snapshot.isWhole) return { ...withoutGone(snapshot, ids), left: [] };
    const found = new Set(snapshot.users.map(({ id }) => id));
    return { ...snapshot, left: keys.filter((key) => !found.has(idOf(key))) };
  }

  /**
   * The next users in the order of their keys, of whatever types these are: as many as one answer holds.
   *
   * @param after the key of the last one before, as it is stored; undefined for the first
   * @throws {AppError} MONGO_UNAVAILABLE; SYNC_UNAVAILABLE
   */
  async after(after: unknown, size: number): Promise<UserSnapshot> {
    if (after === undefined) return this.#find({ sort: { _id: 1 }, limit: size }, { isOneAnswer: true });
    // A range in a filter would end with the values of the key's type; the bounds of an index do not.
    const next = { min: { _id: after }, hint: { _id: 1 }, sort: { _id: 1 }, limit: size + 1 };
    const snapshot = await this.#find(next, { isOneAnswer: true, except: encodedKey(after) });
    // The one that was to be left out may have filled the answer.
    const isEmpty = snapshot.last === undefined && !snapshot.isWhole;
    return isEmpty ? this.#find({ ...next, limit: 2 }, { except: encodedKey(after) }) : snapshot;
  }

  async #find(command: Document, { except, ...options }: Finding = {}): Promise<UserSnapshot & { isWhole: boolean }> {
    const find = { ...command, projection: PROJECTION };
    const collection = this.#mongo.nameOf(users.from);
    const { documents, at, isWhole } = await findInSnapshot(this.#mongo, collection, find, options).catch(
      (error: unknown) => {
        throw hasNoSnapshots(error)
          ? new AppError('SYNC_UNAVAILABLE', CATALOGUE.SYNC_UNAVAILABLE, { cause: error })
          : error;
      },
    );
    const others = documents.filter(({ _id }) => except === undefined || encodedKey(_id) !== except);
    return { at, users: onePerId(others), gone: [], last: others.at(-1)?.['_id'], isWhole };
  }
}

/** Every key has one, of whatever type it is. */
function idOf(key: unknown): UserId {
  return String(fromStored('objectId', key)) as UserId;
}

const HEX = /^[0-9a-f]{24}$/;

/** All keys that have an id, which is the key itself where that is a text, and written as EJSON where it is neither. */
function keysOf(id: UserId): readonly unknown[] {
  const others = HEX.test(id) ? [new ObjectId(id), id.toUpperCase()] : parsed(id);
  return [id, ...others].filter((key) => idOf(key) === id);
}

function parsed(id: string): readonly unknown[] {
  try {
    return [EJSON.parse(id)];
  } catch {
    return [];
  }
}

/** In a list the server takes what has dollars in it for a question. */
function withKeys(keys: readonly unknown[]): Document {
  const isPlain = (key: unknown) => key === null || typeof key !== 'object' || key instanceof ObjectId;
  const others = keys.filter((key) => !isPlain(key)).map((key) => ({ _id: { $eq: key } }));
  return { $or: [{ _id: { $in: keys.filter(isPlain) } }, ...others] };
}

/** Of two documents with one id the one with the usual key counts: the one that writes go to. */
function onePerId(documents: readonly Document[]): readonly CopiedUser[] {
  const isUsual = ({ _id }: Document) => Number(isUsualForm('objectId', _id));
  const rows = documents
    .toSorted((a, b) => isUsual(a) - isUsual(b))
    .map((document) => ({ ...toRow<CopiedUser>(users, document, FIELDS), id: idOf(document['_id']) }));
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}

function withoutGone(snapshot: UserSnapshot, ids: readonly UserId[]): UserSnapshot {
  const found = new Set(snapshot.users.map(({ id }) => id));
  return { ...snapshot, gone: ids.filter((id) => !found.has(id)) };
}

/** NotAReplicaSet */
const NO_REPLICA_SET = 123;

function hasNoSnapshots(error: unknown): boolean {
  return error instanceof mongoose.mongo.MongoServerError && error.code === NO_REPLICA_SET;
}
