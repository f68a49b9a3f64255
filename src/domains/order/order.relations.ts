import { joinOne } from '../../graph/join-field.js';
import { defineOne } from '../../join/relation.js';
import { users } from '../user/user.source.js';
import { User } from '../user/user.type.js';
import { orders } from './order.source.js';
import { Order } from './order.type.js';

/** `Order.user`: the order holds the user's id. */
export const orderUser = defineOne({ name: 'user', from: orders, field: 'userId', to: users, target: 'id' });

export const orderJoinFields = [
  joinOne(orderUser, Order, User, 'The user who ordered, from MongoDB; null when nobody is there.'),
] as const;
