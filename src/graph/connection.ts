import { encodeCursor } from '../join/cursor.js';
import type { Page, PageRequest } from '../join/page.js';
import type { Source } from '../join/source.js';
import { Extensions, Field, Int, ObjectType, type ClassType } from './decorators.js';
import { objectType } from './object-type.js';
import { once } from '../join/once.js';
import { CONNECTION_EXTENSION } from './selection.js';

@ObjectType({ description: 'Where a page lies in its list.' })
export class PageInfo {
  @Field(() => Boolean, {
    description: 'Whether there are more items behind this page, up to `before` where that is given.',
  })
  hasNextPage!: boolean;

  @Field(() => Boolean, {
    description: 'Whether there are items ahead of this page, from `after` on where that is given.',
  })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'The cursor of the first item: pass it as `before`.' })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'The cursor of the last item: pass it as `after`.' })
  endCursor!: string | null;
}

/** One item of a connection. */
export interface Edge<R> {
  readonly cursor: string;
  readonly node: R;
}

/** A page of a list, by Relay's Cursor Connections specification, with `nodes` and `totalCount` beside it. */
export interface Connection<R> {
  readonly edges: readonly Edge<R>[];
  readonly nodes: readonly R[];
  readonly pageInfo: PageInfo;
  /** Counted when it is read, so that nobody pays for a count that was not selected. */
  readonly totalCount: Promise<number>;
}

/** The GraphQL type `<Type>Connection` of a source's lists, and its edge. */
export const connectionType = once((source: Source): ClassType<Connection<object>> => {
  const type = objectType(source);

  @Extensions({ [CONNECTION_EXTENSION]: true })
  @ObjectType(`${source.type}Edge`, { description: `One ${source.type} and its place in the list.` })
  class SourceEdge implements Edge<object> {
    @Field(() => String, { description: 'The place in the list, opaque: pass it as `after` or `before`.' })
    cursor!: string;

    @Field(() => type, { nullable: true, description: 'The item; null when it cannot be shown, with an error.' })
    node!: object;
  }

  @Extensions({ [CONNECTION_EXTENSION]: true })
  @ObjectType(`${source.type}Connection`, { description: `A page of a list of ${source.type}.` })
  class SourceConnection implements Connection<object> {
    @Field(() => [SourceEdge], { description: 'The items with their cursors.' })
    edges!: readonly SourceEdge[];

    @Field(() => [type], { nullable: 'items', description: 'The items alone; one that cannot be shown is null.' })
    nodes!: readonly object[];

    @Field(() => PageInfo, { description: 'Where this page lies in the list.' })
    pageInfo!: PageInfo;

    @Field(() => Int, { nullable: true, description: 'How many items the whole list has; counted only when selected.' })
    totalCount!: Promise<number>;
  }
  return SourceConnection;
});

/** A page as its connection. */
export function toConnection<R>(
  source: Source,
  { orderBy }: PageRequest,
  { rows, hasNextPage, hasPreviousPage }: Page<R>,
  count: () => Promise<number>,
): Connection<R> {
  const edges = rows.map(({ row, position }) => ({ node: row, cursor: encodeCursor(source, orderBy, position) }));
  const [startCursor, endCursor] = [edges.at(0)?.cursor ?? null, edges.at(-1)?.cursor ?? null];
  const connection: Omit<Connection<R>, 'totalCount'> = {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: { hasNextPage, hasPreviousPage, startCursor, endCursor },
  };
  // Not enumerable: who logs or copies a connection does not ask for a count.
  return Object.defineProperty(connection, 'totalCount', { get: count }) as Connection<R>;
}
