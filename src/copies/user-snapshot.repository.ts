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
import { formRank, isUsualForm, keysReadAs, withKeys } from '../platform/mongo/stored-forms.js';
import { fromStored } from '../platform/mongo/stored-values.js';
import { hiddenDocuments, keysAtPrimary } from '../platform/mongo/visible-documents.js';
import { COPIED } from './user-copy.source.js';

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

/** Users in the order of their keys. */
export interface UserStretch extends UserSnapshot {
  /** How many documents were read: more than users where several have one id. */
  readonly documents: number;
  /** The keys that are no ObjectIds, as they are stored. */
  readonly oddKeys: readonly unknown[];
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
    return this.#agreed(await this.#find({ filter: withKeys(ids.flatMap(keysReadAs)) }), ids);
  }

  /**
   * The users with these keys, each as it is stored: of a user who is gone, another with the same id may be there, whose
   * key is stored in another way.
   *
   * @throws {AppError} MONGO_UNAVAILABLE; SYNC_UNAVAILABLE
   */
  async ofKeys(keys: readonly unknown[]): Promise<ChangedUsers> {
    const ids = [...new Set(keys.map(idOf))];
    const filter = withKeys([...keys, ...ids.flatMap(keysReadAs)]);
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
  async after(after: unknown, size: number): Promise<UserStretch> {
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
    const filter = withKeys(keysReadAs(id));
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
    const there = await keysAtPrimary(this.#mongo, this.#collection, withKeys([...others, ...ids.flatMap(keysReadAs)]));
    return new Set(there.map(idOf));
  }

  get #collection(): string {
    return this.#mongo.nameOf(users.from);
  }

  async #find(command: Document, { except, ...options }: Finding = {}): Promise<UserStretch & { isWhole: boolean }> {
    const find = { ...command, projection: PROJECTION };
    const { documents, at, isWhole } = await findInSnapshot(this.#mongo, this.#collection, find, options).catch(
      (error: unknown) => {
        throw hasNoSnapshots(error)
          ? new AppError('SYNC_UNAVAILABLE', CATALOGUE.SYNC_UNAVAILABLE, { cause: error })
          : error;
      },
    );
    const others = documents.filter(({ _id }) => except === undefined || encodedKey(_id) !== except);
    const keys = others.map(({ _id }): unknown => _id);
    return {
      at,
      users: onePerId(others),
      gone: [],
      unsure: [],
      last: keys.at(-1),
      documents: keys.length,
      oddKeys: keys.filter((key) => !isUsualForm('objectId', key)),
      isWhole,
    };
  }
}

/** Every key has one, of whatever type it is. */
function idOf(key: unknown): UserId {
  return String(fromStored('objectId', key)) as UserId;
}

/** Keeps one of several documents with one id: the one that the graph shows. The audit names them all. */
function onePerId(documents: readonly Document[]): readonly CopiedUser[] {
  const rank = ({ _id }: Document) => formRank('objectId', _id);
  const rows = documents
    .toSorted((a, b) => rank(b) - rank(a))
    .map((document) => ({ ...toRow<CopiedUser>(users, document, FIELDS), id: idOf(document['_id']) }));
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}

/** NotAReplicaSet */
const NO_REPLICA_SET = 123;

function hasNoSnapshots(error: unknown): boolean {
  return error instanceof mongoose.mongo.MongoServerError && error.code === NO_REPLICA_SET;
}
