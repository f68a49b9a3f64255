import { boolean, dateTime, defineSource, int, nullable, objectId, text, type RowOf } from '../join/source.js';
import type { UserId } from '../domains/user/user.source.js';

/** What is copied of a user, and nothing else: above all no password. */
export const COPIED = ['username', 'email', 'locCode', 'power'] as const;

/** A query that gives a row where the copy of a user, whose id is the first parameter, holds more than ids. */
export const NAMED_COPY = `
  SELECT 1 FROM "users" WHERE "mongoId" = $1::text AND num_nonnulls(${COPIED.map((name) => `"${name}"`).join(', ')}) > 0`;

/** The copies of users in PostgreSQL. Their key is the user's id in MongoDB: an adopted table has ids of its own. */
export const userCopies = defineSource({
  name: 'userCopies',
  type: 'UserCopy',
  description: 'What PostgreSQL keeps of a user of MongoDB.',
  database: 'postgres',
  from: 'users',
  fields: {
    id: { ...objectId<UserId>("The user's id in MongoDB."), stored: 'mongoId' },
    username: nullable(text("The user's name.")),
    email: nullable(text("The user's e-mail address.")),
    locCode: nullable(text("The code of the user's location.")),
    power: nullable(int('How powerful the user is.')),
    emailConflict: boolean('Whether the e-mail address is left out because another row has it.'),
    syncProblem: nullable(text('Why the copy is not what MongoDB has.')),
    sourceVersion: nullable(text('The cluster time as of which this is what the user is.')),
    namedVersion: nullable(text('The cluster time at which the name or the e-mail address became what it is.')),
    syncedAt: nullable(dateTime('When it was copied.')),
    deletedAt: nullable(dateTime('When the user was found to be gone.')),
    erasedAt: nullable(dateTime('Since when nothing but ids is kept.')),
  },
});

export type UserCopy = RowOf<typeof userCopies>;
