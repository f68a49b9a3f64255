import DataLoader from 'dataloader';
import type { Connection, ConnectionArgs } from './connection.js';

/** Loads lists of many parents at once. Fields with other arguments cannot share a query, so each has a loader. */
export class ConnectionLoader<Row> {
  private readonly loaders = new Map<string, DataLoader<string, Connection<Row>>>();

  constructor(
    private readonly find: (parents: readonly string[], args: ConnectionArgs) => Promise<Connection<Row>[]>,
  ) {}

  load(parent: string, args: ConnectionArgs): Promise<Connection<Row>> {
    const key = JSON.stringify(args);
    const loader = this.loaders.get(key) ?? new DataLoader((parents) => this.find(parents, args));
    this.loaders.set(key, loader);
    return loader.load(parent);
  }
}
