import { Schema } from 'mongoose';
import type { MongoDatabase } from '../../platform/mongo/mongo.js';

// The amount is a Decimal128: money is never a float.
const schema = new Schema(
  {
    userId: { type: Schema.Types.ObjectId, required: true },
    orderId: { type: String, required: true },
    amount: { type: Schema.Types.Decimal128, required: true },
  },
  { timestamps: { createdAt: true, updatedAt: false }, versionKey: false },
);

/** What is written of `transactions`, in a database. Reading goes through the source, as documents are. */
export function transactionModel(mongo: MongoDatabase) {
  const { connection } = mongo;
  // Mongoose compiles a model anew each time that it is told the collection.
  const isThere = connection.modelNames().includes('Transaction');
  return isThere
    ? connection.model('Transaction', schema)
    : connection.model('Transaction', schema, mongo.nameOf('transactions'));
}
