import { Schema } from 'mongoose';
import type { MongoDatabase } from '../../platform/mongo/mongo.js';

// No password: people's own documents may have one, Tandem neither takes nor shows it.
const schema = new Schema(
  {
    username: { type: String, required: true },
    email: String,
    locCode: String,
    power: Number,
  },
  { timestamps: true, versionKey: false },
);

/** What is written of `users`, in a database. Reading goes through the source, which takes documents as they are. */
export function userModel(mongo: MongoDatabase) {
  const { connection } = mongo;
  // Mongoose compiles a model anew each time that it is told the collection.
  const isThere = connection.modelNames().includes('User');
  return isThere ? connection.model('User', schema) : connection.model('User', schema, mongo.nameOf('users'));
}
