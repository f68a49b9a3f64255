import DataLoader from 'dataloader';
import { ConnectionLoader } from '../../common/loaders.js';
import { OrderItemResolver } from './order-item.resolver.js';
import { orderItems } from './order-item.type.js';
import { ProductResolver } from './product.resolver.js';
import { products } from './product.type.js';

export const resolvers = [ProductResolver, OrderItemResolver] as const;

export const createLoaders = () => ({
  product: new DataLoader((ids: readonly string[]) => products.findByIds(ids)),
  productOrderItems: new ConnectionLoader((ids, args) => orderItems.findConnections('lower("productId")', ids, args)),
});

export type Loaders = ReturnType<typeof createLoaders>;
