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
import { standingOf } from '../platform/mongo/standing.js';
import { isUsualForm } from '../platform/mongo/stored-forms.js';
import { fromStored } from '../platform/mongo/stored-values.js';
import { hiddenDocuments, keysAtPrimary } from '../platform/mongo/visible-documents.js';
import { COPIED } from './user-copy.source.js';

const { EJSON, ObjectId } = mongoose.mongo.BSON;

/** What is read of a user, to be copied. */
export type CopiedUser = Pick<User, 'id' | (typeof COPIED)[number]>;

/** Users as they were at one moment. */
export interface UserSnapshot {
  readonly at: ClusterTime;
  readonly users: readonly CopiedUser[];
  /** Those that were asked for, and that neither most members of the replica set have nor the primary. */
  readonly gone: readonly UserId[];
  /**
   * Those that were asked for, are not in the snapshot, and may be there all the same: the primary has them, and most
   * members do not know them yet, or documents may be hidden.
   */
  readonly unsure: readonly UserId[];
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

/** How long most members may take to confirm that a user is not there, in milliseconds. */
const CONFIRMATION = 2_000;

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
    return this.#agreed(await this.#find({ filter: withKeys(ids.flatMap(keysOf)) }), ids);
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
    if (snapshot.isWhole) return { ...(await this.#agreed(snapshot, ids, keys)), left: [] };
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

  /**
   * Whether the primary of the replica set confirms, together with most members, that a user is not there.
   *
   * @throws {AppError} MONGO_UNAVAILABLE where it cannot
   */
  async isConfirmedGone(id: UserId): Promise<boolean> {
    const { hasReplicaSet } = await standingOf(this.#mongo);
    const level = hasReplicaSet ? 'linearizable' : 'local';
    const filter = withKeys(keysOf(id));
    return (await keysAtPrimary(this.#mongo, this.#collection, filter, level, CONFIRMATION)).length === 0;
  }

  /** Adds which of the users that a snapshot lacks are gone: a snapshot alone has only what most members know. */
  async #agreed<S extends UserSnapshot>(
    snapshot: S,
    ids: readonly UserId[],
    keys: readonly unknown[] = [],
  ): Promise<S> {
    const found = new Set(snapshot.users.map(({ id }) => id));
    const missing = ids.filter((id) => !found.has(id));
    const doubtful = missing.length === 0 ? new Set() : await this.#mayBeThere(missing, keys);
    const unsure = missing.filter((id) => doubtful.has(id));
    return { ...snapshot, gone: missing.filter((id) => !doubtful.has(id)), unsure };
  }

  async #mayBeThere(ids: readonly UserId[], keys: readonly unknown[]): Promise<ReadonlySet<UserId>> {
    if ((await hiddenDocuments(this.#mongo, [users.from])).length > 0) return new Set(ids);
    const wanted = new Set(ids);
    const others = keys.filter((key) => wanted.has(idOf(key)));
    const there = await keysAtPrimary(this.#mongo, this.#collection, withKeys([...others, ...ids.flatMap(keysOf)]));
    return new Set(there.map(idOf));
  }

  get #collection(): string {
    return this.#mongo.nameOf(users.from);
  }

  async #find(command: Document, { except, ...options }: Finding = {}): Promise<UserSnapshot & { isWhole: boolean }> {
    const find = { ...command, projection: PROJECTION };
    const { documents, at, isWhole } = await findInSnapshot(this.#mongo, this.#collection, find, options).catch(
      (error: unknown) => {
        throw hasNoSnapshots(error)
          ? new AppError('SYNC_UNAVAILABLE', CATALOGUE.SYNC_UNAVAILABLE, { cause: error })
          : error;
      },
    );
    const others = documents.filter(({ _id }) => except === undefined || encodedKey(_id) !== except);
    return { at, users: onePerId(others), gone: [], unsure: [], last: others.at(-1)?.['_id'], isWhole };
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

/** NotAReplicaSet */
const NO_REPLICA_SET = 123;

function hasNoSnapshots(error: unknown): boolean {
  return error instanceof mongoose.mongo.MongoServerError && error.code === NO_REPLICA_SET;
}
