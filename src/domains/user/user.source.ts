import { defineSource } from '../../join/source.js';
import type { User } from './user.type.js';

/** Users, as they lie in MongoDB. The password is no field of the source, so nothing can read it. */
export const users = defineSource<User>({
  name: 'users',
  database: 'mongo',
  from: 'users',
  key: 'id',
  fields: {
    id: { kind: 'objectId', stored: '_id' },
    username: { kind: 'text' },
    email: { kind: 'text' },
    locCode: { kind: 'text' },
    power: { kind: 'int' },
    createdAt: { kind: 'dateTime' },
    updatedAt: { kind: 'dateTime' },
  },
  orderBy: [
    { field: 'createdAt', direction: 'desc' },
    { field: 'id', direction: 'desc' },
  ],
});
