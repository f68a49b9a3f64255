import { Schema, type Connection } from 'mongoose';

/** What is written about a user. No password: people's own documents may have one, Tandem neither takes nor shows it. */
export interface UserDocument {
  username: string;
  email?: string;
  locCode?: string;
  power?: number;
  createdAt: Date;
  updatedAt: Date;
}

const schema = new Schema<UserDocument>(
  {
    username: { type: String, required: true },
    email: String,
    locCode: String,
    power: Number,
  },
  { collection: 'users', timestamps: true, versionKey: false },
);

/** The model of `users` on a connection. Reading goes through the source, which takes documents as they are. */
export function userModel(connection: Connection) {
  return connection.model('User', schema);
}
