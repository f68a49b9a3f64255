import { Extensions, Field, Int, ObjectType, type ClassType } from './decorators.js';
import { encodeCursor } from '../join/cursor.js';
import type { Page, PageRequest, Source } from '../join/source.js';
import { CONNECTION_EXTENSION } from './selection.js';

@ObjectType({ description: 'Where a page lies in its list.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether there are more items behind this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether there are items before this page.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'The cursor of the first item; null for an empty page.' })
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

/** The GraphQL type `<Node>Connection` and its edge. */
export function connectionType<R extends object>(node: ClassType<R>): ClassType<Connection<R>> {
  @Extensions({ [CONNECTION_EXTENSION]: true })
  @ObjectType(`${node.name}Edge`, { description: `One ${node.name} and its place in the list.` })
  class NodeEdge implements Edge<R> {
    @Field(() => String, { description: 'The place in the list, opaque: pass it as `after`.' })
    cursor!: string;

    @Field(() => node, { nullable: true, description: 'The item; null when it cannot be shown, with an error.' })
    node!: R;
  }

  @Extensions({ [CONNECTION_EXTENSION]: true })
  @ObjectType(`${node.name}Connection`, { description: `A page of a list of ${node.name}.` })
  class NodeConnection implements Connection<R> {
    @Field(() => [NodeEdge], { description: 'The items with their cursors.' })
    edges!: readonly NodeEdge[];

    @Field(() => [node], { nullable: 'items', description: 'The items alone; one that cannot be shown is null.' })
    nodes!: readonly R[];

    @Field(() => PageInfo, { description: 'Where this page lies in the list.' })
    pageInfo!: PageInfo;

    @Field(() => Int, { nullable: true, description: 'How many items the whole list has; counted only when selected.' })
    totalCount!: Promise<number>;
  }
  return NodeConnection;
}

/** A page as its connection. */
export function toConnection<R>(
  source: Source,
  request: PageRequest,
  page: Page<R>,
  count: () => Promise<number>,
): Connection<R> {
  const edges = page.rows.map(({ row, position }) => ({ node: row, cursor: encodeCursor(source, position) }));
  const connection: Omit<Connection<R>, 'totalCount'> = {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: request.after !== null,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
  let counted: Promise<number> | undefined;
  // Not enumerable: who logs or copies a connection does not ask for a count.
  return Object.defineProperty(connection, 'totalCount', { get: () => (counted ??= count()) }) as Connection<R>;
}
