import mongoose from 'mongoose';
import { transactions } from '../../domains/transaction/transaction.source.js';
import { users } from '../../domains/user/user.source.js';
import type { MongoDatabase } from '../../platform/mongo/mongo.js';
import { takenField } from '../../platform/mongo/mongo-errors.js';
import { COUNTED, type Destination, type RowCounts } from './destination.js';
import { transactionDocument, userDocument, type SeededDocument } from './documents.model.js';
import type { Ids } from './ids.js';
import type { Plan } from './plan.js';
import { transactionOf } from './transactions.js';
import { userOf } from './users.js';

const { ObjectId } = mongoose.mongo.BSON;

interface Kind {
  readonly name: string;
  readonly from: string;
  readonly planned: number;
  readonly ids: Ids;
  readonly documentOf: (index: number) => SeededDocument;
}

/** A seeding's documents of one kind in MongoDB. */
export class SeededDocuments implements Destination {
  readonly #mongo: MongoDatabase;
  readonly #kind: Kind;
  /** Whether some may be there, as far as is known: then each stretch is looked at before it is written. */
  #isBegun = true;

  private constructor(mongo: MongoDatabase, kind: Kind) {
    this.#mongo = mongo;
    this.#kind = kind;
  }

  static users(mongo: MongoDatabase, plan: Plan): SeededDocuments {
    const { name, from } = users;
    const documentOf = (index: number) => userDocument(userOf(plan, index));
    return new SeededDocuments(mongo, { name, from, planned: plan.users, ids: plan.ids.users, documentOf });
  }

  static transactions(mongo: MongoDatabase, plan: Plan): SeededDocuments {
    const { name, from } = transactions;
    const documentOf = (index: number) => transactionDocument(transactionOf(plan, index));
    const { transactions: planned, ids } = plan;
    return new SeededDocuments(mongo, { name, from, planned, ids: ids.transactions, documentOf });
  }

  get name(): string {
    return this.#kind.name;
  }

  get planned(): number {
    return this.#kind.planned;
  }

  get removal(): string {
    const { first, last } = this.#kind.ids;
    return `db.${this.#collection}.deleteMany({ _id: { $gte: ObjectId('${first}'), $lte: ObjectId('${last}') } });`;
  }

  async count(upTo = COUNTED): Promise<RowCounts> {
    const { ids } = this.#kind;
    const range = rangeOf(ids.first, ids.last);
    return this.#mongo.run(async (db, { maxTimeMS }) => {
      const documents = db.collection(this.#collection);
      const own = await documents.countDocuments({ _id: range }, { maxTimeMS });
      const others = await documents.countDocuments({ _id: { $not: range } }, { maxTimeMS, limit: upTo + 1 });
      this.#isBegun = own > 0;
      return { own, others };
    });
  }

  async write(from: number, to: number): Promise<void> {
    const present = this.#isBegun ? await this.#present(from, to) : new Set<string>();
    const missing = Array.from({ length: to - from }, (_, at) => from + at)
      .filter((index) => !present.has(this.#kind.ids.of(index)))
      .map(this.#kind.documentOf);
    if (missing.length === 0) return;
    try {
      await this.#mongo.write(`${this.name} were seeded`, (db) =>
        db.collection<SeededDocument>(this.#collection).insertMany(missing, { ordered: false }),
      );
    } catch (error) {
      this.#isBegun = true;
      // A write that was given up for lost may have come after all, or somebody runs the same command.
      const isTaken = takenField(error) !== null;
      if (!isTaken || (await this.#present(from, to)).size < to - from) throw error;
    }
  }

  async remove(): Promise<void> {
    const { first, last } = this.#kind.ids;
    await this.#mongo.write(`${this.name} were removed`, (db) =>
      db.collection(this.#collection).deleteMany({ _id: rangeOf(first, last) }),
    );
    this.#isBegun = false;
  }

  get #collection(): string {
    return this.#mongo.nameOf(this.#kind.from);
  }

  async #present(from: number, to: number): Promise<ReadonlySet<string>> {
    const { of } = this.#kind.ids;
    const found = await this.#mongo.run((db, limits) =>
      db
        .collection(this.#collection)
        .find({ _id: rangeOf(of(from), of(to - 1)) }, { projection: { _id: 1 }, ...limits })
        .toArray(),
    );
    return new Set(found.map(({ _id }) => _id.toHexString()));
  }
}

function rangeOf(first: string, last: string) {
  return { $gte: new ObjectId(first), $lte: new ObjectId(last) };
}
