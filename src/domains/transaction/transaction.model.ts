import { Schema, type Connection } from 'mongoose';

// The amount is a Decimal128: money is never a float.
const schema = new Schema(
  {
    userId: { type: Schema.Types.ObjectId, required: true },
    orderId: { type: String, required: true },
    amount: { type: Schema.Types.Decimal128, required: true },
  },
  { collection: 'transactions', timestamps: { createdAt: true, updatedAt: false }, versionKey: false },
);

/** What is written of `transactions`, on a connection. Reading goes through the source, as documents are. */
export function transactionModel(connection: Connection) {
  return connection.model('Transaction', schema);
}
