import { OrderCopiesResolver } from './order-copies.resolver.js';
import { OrderingResolver } from './ordering.resolver.js';
import { UserRemovalResolver } from './user-removal.resolver.js';

/** What the graph has of writes to both databases. */
export const ORDERING_RESOLVERS = [OrderingResolver, OrderCopiesResolver, UserRemovalResolver];
