import { toConnection, type Connection } from '../../graph/connection.js';
import { idArgument } from '../../graph/id-argument.js';
import { pageRequest, type PageArguments } from '../../graph/paging.js';
import { allFields } from '../../graph/selection.js';
import type { Joins } from '../../join/joins.js';
import { orders } from './order.source.js';
import type { Order } from './order.type.js';

/** Orders as they are read, for one request. Writing them is the ordering service's: it concerns both databases. */
export class Orders {
  readonly #joins: Joins;

  constructor(joins: Joins) {
    this.#joins = joins;
  }

  /**
   * The order with this id, or null where there is none.
   *
   * @throws {AppError} BAD_USER_INPUT for what is no UUID; POSTGRES_UNAVAILABLE
   */
  byId(id: string, fields: ReadonlySet<string> = allFields(orders)): Promise<Order | null> {
    return this.#joins.byKey(orders, idArgument(orders, id, 'id'), fields);
  }

  /**
   * A page of all orders, newest first.
   *
   * @throws {AppError} BAD_USER_INPUT for a page size or cursor that is not allowed; POSTGRES_UNAVAILABLE
   */
  async page(page: PageArguments = {}, fields: ReadonlySet<string> = allFields(orders)): Promise<Connection<Order>> {
    const request = pageRequest('orders', this.#joins, orders, page, fields);
    return toConnection(orders, request, await this.#joins.page(orders, request), () => this.#joins.total(orders));
  }
}
