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
import { formRank, isUsualForm, keysReadAs, withKeys } from '../platform/mongo/stored-forms.js';
import { fromStored } from '../platform/mongo/stored-values.js';
import { COPIED } from './user-copy.source.js';

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
    return withoutGone(await this.#find({ filter: withKeys(ids.flatMap(keysReadAs)) }), ids);
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
  async after(after: unknown, size: number): Promise<UserStretch> {
    if (after === undefined) return this.#find({ sort: { _id: 1 }, limit: size }, { isOneAnswer: true });
    // A range in a filter would end with the values of the key's type; the bounds of an index do not.
    const next = { min: { _id: after }, hint: { _id: 1 }, sort: { _id: 1 }, limit: size + 1 };
    const snapshot = await this.#find(next, { isOneAnswer: true, except: encodedKey(after) });
    // The one that was to be left out may have filled the answer.
    const isEmpty = snapshot.last === undefined && !snapshot.isWhole;
    return isEmpty ? this.#find({ ...next, limit: 2 }, { except: encodedKey(after) }) : snapshot;
  }

  async #find(command: Document, { except, ...options }: Finding = {}): Promise<UserStretch & { isWhole: boolean }> {
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
    const keys = others.map(({ _id }): unknown => _id);
    return {
      at,
      users: onePerId(others),
      gone: [],
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

/** Of several documents with one id the same one counts as for the graph; the audit names them. */
function onePerId(documents: readonly Document[]): readonly CopiedUser[] {
  const rank = ({ _id }: Document) => formRank('objectId', _id);
  const rows = documents
    .toSorted((a, b) => rank(b) - rank(a))
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
