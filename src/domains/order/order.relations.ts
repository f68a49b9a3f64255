import { defineRelation } from '../../join/relation.js';
import { users } from '../user/user.source.js';
import { orders } from './order.source.js';

export const orderUser = defineRelation({
  from: orders,
  field: 'userId',
  to: users,
  name: 'user',
  description: 'The user who ordered, from MongoDB; null when nobody is there.',
  inverse: { name: 'orders', description: "The user's orders, from PostgreSQL; newest first." },
});
