import type { Model } from 'mongoose';
import { encodeCursor, toConnection, toPageRequest } from './connection.js';
import type { Bound, Connection, ConnectionArgs } from './connection.js';

type Condition = Record<string, unknown>;

/** Reads a collection. The model casts what stands in a filter to the types of its schema. */
export class MongoCollection<Document extends { id: string }> {
  constructor(private readonly model: Model<any>) {}

  /** For a DataLoader: what is malformed or not there is null. */
  async findByIds(ids: readonly string[]): Promise<(Document | null)[]> {
    const wanted = ids.map((id) => id.toLowerCase());
    const found = await this.model.find({ _id: { $in: wanted.filter((id) => /^[0-9a-f]{24}$/.test(id)) } }).lean();
    const byId = new Map(found.map((document) => [String(document._id), this.toNode(document)]));
    return wanted.map((id) => byId.get(id) ?? null);
  }

  async findConnection(args: ConnectionArgs): Promise<Connection<Document>> {
    const request = toPageRequest(args);
    const where = toFilter(args.where);
    const documents = await this.model
      .find({ $and: [where, ...request.bounds.map(toBound)] })
      .sort(Object.fromEntries(request.order.map(([field, direction]) => [stored(field), direction])))
      .limit(request.size + 1)
      .lean();
    const edges = documents.map((document) => ({
      node: this.toNode(document),
      cursor: encodeCursor(request.order.map(([field]) => toText(document[stored(field)]))),
    }));
    return toConnection(args, request, edges, () => this.model.countDocuments(where).exec());
  }

  private toNode(document: any): Document {
    return { ...document, id: String(document._id) };
  }
}

function toFilter(where: object | null | undefined): Condition {
  const conditions = present(where).map(([key, value]) => {
    if (key === 'AND') return all(value.map(toFilter));
    if (key === 'OR') return any(value.map(toFilter));
    if (key === 'NOT') return { $nor: [any(value.map(toFilter))] };
    return toFieldFilter(stored(key), value);
  });
  return all(conditions);
}

function toFieldFilter(field: string, filter: object): Condition {
  const conditions = present(filter).map(([operator, value]) => {
    switch (operator) {
      case 'equals':
        return { [field]: { $eq: value } };
      case 'notIn':
        return { [field]: { $nin: value } };
      case 'not':
        return { $nor: [toFieldFilter(field, value)] };
      case 'contains':
        return { [field]: { $regex: escape(value) } };
      case 'startsWith':
        return { [field]: { $regex: `^${escape(value)}` } };
      case 'endsWith':
        return { [field]: { $regex: `${escape(value)}$` } };
      default:
        return { [field]: { [`$${operator}`]: value } };
    }
  });
  return all(conditions);
}

function toBound({ order, values }: Bound): Condition {
  const fields = order.map(([field]) => stored(field));
  return any(
    order.map(([, direction], index) => ({
      ...Object.fromEntries(fields.slice(0, index).map((field, before) => [field, values[before]])),
      [fields[index]!]: { [direction === 'asc' ? '$gt' : '$lt']: values[index] },
    })),
  );
}

function all(conditions: Condition[]): Condition {
  return conditions.length === 0 ? {} : { $and: conditions };
}

function any(conditions: Condition[]): Condition {
  return conditions.length === 0 ? { _id: { $in: [] } } : { $or: conditions };
}

function present(object: object | null | undefined): [string, any][] {
  return Object.entries(object ?? {}).filter(([, value]) => value != null);
}

function stored(field: string): string {
  return field === 'id' ? '_id' : field;
}

function toText(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
