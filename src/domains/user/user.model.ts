import { Schema, type Connection } from 'mongoose';

// No password: people's own documents may have one, Tandem neither takes nor shows it.
const schema = new Schema(
  {
    username: { type: String, required: true },
    email: String,
    locCode: String,
    power: Number,
  },
  { collection: 'users', timestamps: true, versionKey: false },
);

/** What is written of `users`, on a connection. Reading goes through the source, which takes documents as they are. */
export function userModel(connection: Connection) {
  return connection.model('User', schema);
}
