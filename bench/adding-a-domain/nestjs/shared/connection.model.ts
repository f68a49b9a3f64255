import type { Type } from '@nestjs/common';
import { ArgsType, Field, Int, ObjectType } from '@nestjs/graphql';

@ObjectType()
export class PageInfo {
  hasNextPage!: boolean;
  hasPreviousPage!: boolean;
  startCursor?: string;
  endCursor?: string;
}

/** The GraphQL type of a connection and its edge: `class ProductConnection extends ConnectionOf(Product) {}`. */
export function ConnectionOf<Node>(node: Type<Node>) {
  @ObjectType(`${node.name}Edge`)
  abstract class Edge {
    @Field()
    cursor!: string;

    @Field(() => node)
    node!: Node;
  }

  @ObjectType({ isAbstract: true })
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
  whereType: Type<Where>,
  orderByType: Type<OrderBy>,
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
