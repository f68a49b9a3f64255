import { Injectable, Scope } from '@nestjs/common';
import { Pool } from 'pg';
import { ConnectionLoader } from '../../common/loaders.js';
import { PostgresTable } from '../../common/postgres.js';
import { OrderItem } from './order-item.model.js';

@Injectable()
export class OrderItemsService extends PostgresTable<OrderItem> {
  constructor(pool: Pool) {
    super(pool, 'order_items', { id: 'uuid', productId: 'text', quantity: 'int', createdAt: 'timestamptz' });
  }
}

@Injectable({ scope: Scope.REQUEST })
export class ProductOrderItemsLoader extends ConnectionLoader<OrderItem> {
  constructor(orderItems: OrderItemsService) {
    super((productIds, args) => orderItems.findConnections('lower("productId")', productIds, args));
  }
}
