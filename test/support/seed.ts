import { randomBytes, randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import type { Platform } from '../../src/platform/platform.js';

const { Decimal128, ObjectId } = mongoose.Types;

type Fields = Record<string, unknown>;

/** What was put into a database, by the id under which the graph knows it. */
export interface Seeded {
  readonly id: string;
}

/** Puts rows and documents into the databases: sound ones unless told otherwise, whatever is asked for as it is. */
export class Seed {
  readonly #platform: () => Platform;

  constructor(databases: { readonly platform: Platform }) {
    this.#platform = () => databases.platform;
  }

  /** A user; fields given as undefined are missing in the document. */
  async user(fields: Fields = {}): Promise<Seeded> {
    const { _id, ...sound } = soundUser();
    await this.document('users', { _id, ...sound, ...fields });
    return { id: _id.toHexString() };
  }

  /** Users in the order of their ids, in one command. */
  async users(count: number): Promise<Seeded[]> {
    const documents = Array.from({ length: count }, soundUser);
    if (count > 0) await this.#platform().mongo.run((db) => db.collection('users').insertMany(documents));
    return documents.map(({ _id }) => ({ id: _id.toHexString() }));
  }

  /** An order of a user, or of whatever `userId` says. */
  async order(fields: { user?: Seeded | undefined } & Fields = {}): Promise<Seeded> {
    const { user, ...columns } = fields;
    const row: Fields = {
      id: randomUUID(),
      userId: user?.id ?? new ObjectId().toHexString(),
      orderNumber: `T-${randomBytes(6).toString('hex')}`,
      total: '10.00',
      ...columns,
    };
    const names = Object.keys(row);
    await this.#platform().postgres.run((prisma) =>
      prisma.$executeRawUnsafe(
        `INSERT INTO orders (${names.map((name) => `"${name}"`).join(', ')})
         SELECT ${names.map((name) => `"${name}"`).join(', ')} FROM jsonb_populate_record(NULL::orders, $1::jsonb)`,
        JSON.stringify(row),
      ),
    );
    return { id: String(row['id']) };
  }

  /** A transaction of an order. */
  async transaction(order: Seeded, fields: Fields = {}): Promise<Seeded> {
    const id = new ObjectId();
    const sound = {
      userId: new ObjectId(),
      orderId: order.id,
      amount: Decimal128.fromString('10.00'),
      createdAt: new Date(),
    };
    await this.document('transactions', { _id: id, ...sound, ...fields });
    return { id: id.toHexString() };
  }

  /** A reference to what was put into MongoDB, as MongoDB stores it. */
  objectId(seeded: Seeded | undefined): mongoose.Types.ObjectId {
    return new ObjectId(seeded?.id);
  }

  /** A document exactly as it is given, but for fields that are undefined. */
  async document(collection: string, document: Fields): Promise<void> {
    const present = Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined));
    await this.#platform().mongo.run((db) => db.collection(collection).insertOne(present));
  }
}

function soundUser() {
  const _id = new ObjectId();
  return { _id, username: `user ${_id.toHexString().slice(-6)}`, email: 'user@example.com', createdAt: new Date() };
}
