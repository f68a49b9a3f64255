import { dateTime, decimal, defineSource, nullable, objectId, text, uuid, type RowOf } from '../../join/source.js';

/** A UUID in lower case. */
export type OrderId = string & { readonly __brand: 'OrderId' };

/** Orders, as they lie in PostgreSQL. `userId` is the ObjectId of a MongoDB user as text, in whatever case. */
export const orders = defineSource({
  name: 'orders',
  type: 'Order',
  description: 'An order, kept in PostgreSQL.',
  database: 'postgres',
  fields: {
    id: uuid<OrderId>('A UUID.'),
    orderNumber: text('The number that people call it by; no two orders share one.'),
    total: decimal('What it costs.'),
    userId: objectId("The id of the order's user, as it was written; nobody may be there."),
    userName: nullable(text("The user's name when the order was made; null on old rows.")),
    userEmail: nullable(text("The user's e-mail when the order was made; null on old rows.")),
    createdAt: dateTime('When the order was created.'),
    updatedAt: dateTime('When the order was last changed.'),
  },
});

export type Order = RowOf<typeof orders>;
