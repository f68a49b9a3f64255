import type { Connection } from '../../graph/connection.js';
import type { ListArguments } from '../../graph/list-args.js';
import { readOne, readPage } from '../../graph/reading.js';
import { allFields } from '../../graph/selection.js';
import type { Joins } from '../../join/joins.js';
import { orders, type Order } from './order.source.js';

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
  byId(id: string, fields?: ReadonlySet<string>): Promise<Order | null> {
    return readOne(this.#joins, orders, id, fields);
  }

  /**
   * The order with this number, or null where there is none.
   *
   * @throws {AppError} POSTGRES_UNAVAILABLE
   */
  byNumber(orderNumber: string, fields: ReadonlySet<string> = allFields(orders)): Promise<Order | null> {
    return this.#joins.by(orders, 'orderNumber', orderNumber, fields);
  }

  /**
   * A page of all orders, newest first unless the arguments say otherwise.
   *
   * @throws {AppError} BAD_USER_INPUT for an argument that is not allowed; POSTGRES_UNAVAILABLE
   */
  page(args?: ListArguments): Promise<Connection<Order>> {
    return readPage(this.#joins, orders, args);
  }
}
