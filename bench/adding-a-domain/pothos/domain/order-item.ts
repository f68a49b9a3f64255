import { PostgresTable } from '../../common/postgres.js';
import { builder } from '../shared/builder.js';
import { DateTimeFilter, IdFilter, IntFilter, StringFilter } from '../shared/inputs.js';
import { connectionArgs, orderByInput, whereInput } from '../shared/inputs.js';
import { pool } from '../shared/postgres.js';
import { Product, products } from './product.js';

interface OrderItemRow {
  id: string;
  productId: string;
  quantity: number;
  createdAt: Date;
}

const orderItems = new PostgresTable<OrderItemRow>(pool, 'order_items', {
  id: 'uuid',
  productId: 'text',
  quantity: 'int',
  createdAt: 'timestamptz',
});

const OrderItem = builder.objectRef<OrderItemRow>('OrderItem').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    productId: t.exposeString('productId'),
    quantity: t.exposeInt('quantity'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    product: t.loadable({
      type: Product,
      nullable: true,
      load: (ids: string[]) => products.findByIds(ids),
      resolve: (item) => item.productId,
    }),
  }),
});

const OrderItemConnection = builder.connectionObject({ type: OrderItem, name: 'OrderItemConnection' });

const OrderItemWhere = whereInput('OrderItemWhere', {
  id: IdFilter,
  productId: StringFilter,
  quantity: IntFilter,
  createdAt: DateTimeFilter,
});

const OrderItemOrderBy = orderByInput('OrderItemOrderBy', ['id', 'productId', 'quantity', 'createdAt']);

builder.queryFields((t) => ({
  orderItem: t.field({
    type: OrderItem,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_query, { id }) => orderItems.findById(id),
  }),
  orderItems: t.field({
    type: OrderItemConnection,
    args: connectionArgs(OrderItemWhere, OrderItemOrderBy),
    resolve: (_query, args) => orderItems.findConnection(args),
  }),
}));

builder.objectField(Product, 'orderItems', (t) =>
  t.loadable({
    type: OrderItemConnection,
    byPath: true,
    args: connectionArgs(OrderItemWhere, OrderItemOrderBy),
    load: (ids: string[], _context, args) => orderItems.findConnections('lower("productId")', ids, args),
    resolve: (product) => product.id,
  }),
);
