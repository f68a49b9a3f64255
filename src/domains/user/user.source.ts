import { dateTime, defineSource, int, nullable, objectId, text, type RowOf } from '../../join/source.js';

/** A MongoDB ObjectId as 24 lower-case hex characters. */
export type UserId = string & { readonly __brand: 'UserId' };

/**
 * Users, as they lie in MongoDB. The password is no field of the source, so nothing can read it.
 * `User.orders` and `User.transactions` are declared with the relations of those that refer to a user.
 */
export const users = defineSource({
  name: 'users',
  type: 'User',
  description: 'A user, kept in MongoDB. What a stored document lacks, or holds in an odd type, is null.',
  database: 'mongo',
  fields: {
    id: objectId<UserId>("The user's id, an ObjectId: 24 hex characters in lower case."),
    username: nullable(text("The user's name.")),
    email: nullable(text("The user's e-mail address; two users may have the same.")),
    locCode: nullable(text("The code of the user's location.")),
    power: nullable(int('How powerful the user is, as a whole number.')),
    createdAt: nullable(dateTime('When the user was created.')),
    updatedAt: nullable(dateTime('When the user was last changed.')),
  },
});

export type User = RowOf<typeof users>;
