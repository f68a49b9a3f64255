import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';

@ObjectType()
export class PageInfo {
  @Field()
  hasNextPage!: boolean;

  @Field()
  hasPreviousPage!: boolean;

  @Field({ nullable: true })
  startCursor?: string;

  @Field({ nullable: true })
  endCursor?: string;
}

/** The GraphQL type of a connection and its edge: `class ProductConnection extends ConnectionOf(Product) {}`. */
export function ConnectionOf<Node extends object>(node: ClassType<Node>) {
  @ObjectType(`${node.name}Edge`)
  class Edge {
    @Field()
    cursor!: string;

    @Field(() => node)
    node!: Node;
  }

  @ObjectType()
  abstract class Connection {
    @Field(() => [Edge])
    edges!: Edge[];

    @Field(() => [node])
    nodes!: Node[];

    @Field(() => PageInfo)
    pageInfo!: PageInfo;

    @Field(() => Int)
    totalCount!: Promise<number>;
  }

  return Connection;
}

/** The arguments of a connection: `class ProductsArgs extends ConnectionArgsOf(ProductWhere, ProductOrderBy) {}`. */
export function ConnectionArgsOf<Where extends object, OrderBy extends object>(
  whereType: ClassType<Where>,
  orderByType: ClassType<OrderBy>,
) {
  @ArgsType()
  abstract class ConnectionArgs {
    @Field(() => Int, { nullable: true })
    first?: number;

    @Field({ nullable: true })
    after?: string;

    @Field(() => Int, { nullable: true })
    last?: number;

    @Field({ nullable: true })
    before?: string;

    @Field(() => whereType, { nullable: true })
    where?: Where;

    @Field(() => [orderByType], { nullable: true })
    orderBy?: OrderBy[];
  }

  return ConnectionArgs;
}
