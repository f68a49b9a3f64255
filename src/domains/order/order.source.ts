import { dateTime, decimal, defineSource, nullable, objectId, text, uuid, type RowOf } from '../../join/source.js';

/** A UUID in lower case. */
export type OrderId = string & { readonly __brand: 'OrderId' };

/** Orders, as they lie in PostgreSQL. `userId` is the ObjectId of a MongoDB user as text, in whatever case. */
export const orders = defineSource({
  name: 'orders',
  type: 'Order',
  description: 'An order, kept in PostgreSQL.',
  database: 'postgres',
  unique: ['orderNumber'],
  fields: {
    id: uuid<OrderId>("The order's id, a UUID."),
    orderNumber: text('The number that people know the order by; no two have the same.'),
    total: decimal('What the order costs.'),
    userId: objectId('The id of the user who ordered, as the order has it; there may be no such user.'),
    userName: nullable(text("The user's name when the order was made; null on old orders.")),
    userEmail: nullable(text("The user's e-mail address when the order was made; null on old orders.")),
    createdAt: dateTime('When the order was created.'),
    updatedAt: dateTime('When the order was last changed.'),
  },
});

export type Order = RowOf<typeof orders>;
