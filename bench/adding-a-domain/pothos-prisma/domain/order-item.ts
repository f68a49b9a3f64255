import { PostgresTable } from '../../common/postgres.js';
import { builder } from '../shared/builder.js';
import { DateTimeFilter, IdFilter, IntFilter, StringFilter } from '../shared/inputs.js';
import { connectionArgs, orderByInput, whereInput } from '../shared/inputs.js';
import { pool } from '../shared/postgres.js';
import { isUuid, prisma, toWhere } from '../shared/prisma.js';
import { Product, products } from './product.js';

const OrderItem = builder.prismaObject('OrderItem', {
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
  orderItem: t.prismaField({
    type: OrderItem,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (query, _query, { id }) => (isUuid(id) ? prisma.orderItem.findUnique({ ...query, where: { id } }) : null),
  }),
  orderItems: t.prismaConnection(
    {
      type: OrderItem,
      cursor: 'id',
      args: connectionArgs(OrderItemWhere, OrderItemOrderBy),
      totalCount: (_query, { where }) => prisma.orderItem.count({ where: toWhere(where) }),
      resolve: (query, _query, { where, orderBy }) =>
        prisma.orderItem.findMany({
          ...query,
          where: toWhere(where),
          orderBy: [...(orderBy ?? []), { createdAt: 'desc' }, { id: 'desc' }],
        }),
    },
    OrderItemConnection,
  ),
}));

// The Prisma plugin has connections of a relation; a parent in another database is none.
type OrderItemRow = (typeof OrderItem)['$inferType'];

const orderItems = new PostgresTable<OrderItemRow>(pool, 'order_items', {
  id: 'uuid',
  productId: 'text',
  quantity: 'int',
  createdAt: 'timestamptz',
});

builder.objectField(Product, 'orderItems', (t) =>
  t.loadable({
    type: OrderItemConnection,
    byPath: true,
    args: connectionArgs(OrderItemWhere, OrderItemOrderBy),
    load: (ids: string[], _context, args) => orderItems.findConnections('lower("productId")', ids, args),
    resolve: (product) => product.id,
  }),
);
