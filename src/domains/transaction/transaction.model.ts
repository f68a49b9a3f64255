import { Schema, type Connection, type mongo } from 'mongoose';

/** What is written about a transaction. The amount is a Decimal128, money never a float. */
export interface TransactionDocument {
  userId: mongo.ObjectId;
  orderId: string;
  amount: mongo.Decimal128;
  createdAt: Date;
}

const schema = new Schema<TransactionDocument>(
  {
    userId: { type: Schema.Types.ObjectId, required: true },
    orderId: { type: String, required: true },
    amount: { type: Schema.Types.Decimal128, required: true },
  },
  { collection: 'transactions', timestamps: { createdAt: true, updatedAt: false }, versionKey: false },
);

/** The model of `transactions` on a connection. Reading goes through the source, which takes documents as they are. */
export function transactionModel(connection: Connection) {
  return connection.model('Transaction', schema);
}
