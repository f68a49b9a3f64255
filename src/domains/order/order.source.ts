import {
  dateTime,
  decimal,
  defineSource,
  nullable,
  objectId,
  oneOf,
  text,
  uuid,
  type RowOf,
} from '../../join/source.js';

/** A UUID in lower case. */
export type OrderId = string & { readonly __brand: 'OrderId' };

const transactionState = {
  name: 'TransactionState',
  description: "Where an order's transaction in MongoDB stands.",
  values: {
    NONE: 'The order was created without one.',
    PENDING: 'It will be recorded, or brought up to date, soon.',
    RECORDED: 'It is there, with the amount that the order has.',
    FAILED:
      'It could not be recorded; `transactionError` says why. Once that is fixed and its job is replayed, it will be.',
  },
} as const;

/** Orders, as they lie in PostgreSQL. `userId` is the ObjectId of a MongoDB user as text, in whatever case. */
export const orders = defineSource({
  name: 'orders',
  type: 'Order',
  description: 'An order, kept in PostgreSQL.',
  database: 'postgres',
  unique: ['orderNumber'],
  hiddenBy: 'unfinished',
  fields: {
    id: uuid<OrderId>("The order's id, a UUID."),
    orderNumber: text('The number that people know the order by; no two have the same.'),
    total: decimal('What the order costs.'),
    userId: objectId('The id of the user who ordered, as the order has it; there may be no such user.'),
    userName: nullable(text("A copy of the user's name, which follows it unless that is frozen; null on old orders.")),
    userEmail: nullable(text("A copy of the user's e-mail address, as that of the name; null on old orders.")),
    createdAt: dateTime('When the order was created.'),
    updatedAt: dateTime('When the order was last changed.'),
    transactionState: oneOf(transactionState, "Where the order's transaction in MongoDB stands."),
    transactionError: nullable(text('Why the transaction is not recorded; null unless something is wrong.')),
  },
});

export type Order = RowOf<typeof orders>;
