import { type InferSchemaType, Schema, model } from 'mongoose';
import { MongoCollection } from '../../common/mongo.js';
import { builder } from '../shared/builder.js';
import { DateTimeFilter, DecimalFilter, IdFilter, StringFilter } from '../shared/inputs.js';
import { connectionArgs, orderByInput, whereInput } from '../shared/inputs.js';

const schema = new Schema(
  {
    name: { type: String, required: true },
    price: { type: Schema.Types.Decimal128, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'products', versionKey: false },
);

type ProductDocument = InferSchemaType<typeof schema> & { id: string };

export const products = new MongoCollection<ProductDocument>(model('Product', schema));

export const Product = builder.objectRef<ProductDocument>('Product').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    price: t.expose('price', { type: 'Decimal' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
  }),
});

const ProductConnection = builder.connectionObject({ type: Product, name: 'ProductConnection' });

const ProductWhere = whereInput('ProductWhere', {
  id: IdFilter,
  name: StringFilter,
  price: DecimalFilter,
  createdAt: DateTimeFilter,
});

const ProductOrderBy = orderByInput('ProductOrderBy', ['id', 'name', 'price', 'createdAt']);

builder.queryFields((t) => ({
  product: t.loadable({
    type: Product,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    load: (ids: string[]) => products.findByIds(ids),
    resolve: (_query, { id }) => id,
  }),
  products: t.field({
    type: ProductConnection,
    args: connectionArgs(ProductWhere, ProductOrderBy),
    resolve: (_query, args) => products.findConnection(args),
  }),
}));
