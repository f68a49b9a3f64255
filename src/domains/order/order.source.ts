import { defineSource } from '../../join/source.js';
import type { Order } from './order.type.js';

/** Orders, as they lie in PostgreSQL. `userId` is the ObjectId of a MongoDB user as text, in whatever case. */
export const orders = defineSource<Order>({
  name: 'orders',
  database: 'postgres',
  from: 'orders',
  key: 'id',
  fields: {
    id: { kind: 'uuid' },
    orderNumber: { kind: 'text' },
    total: { kind: 'decimal' },
    userId: { kind: 'objectId' },
    userName: { kind: 'text' },
    userEmail: { kind: 'text' },
    createdAt: { kind: 'dateTime' },
    updatedAt: { kind: 'dateTime' },
  },
  orderBy: [
    { field: 'createdAt', direction: 'desc' },
    { field: 'id', direction: 'desc' },
  ],
});
