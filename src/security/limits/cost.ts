import {
  getNamedType,
  getNullableType,
  GraphQLInt,
  isAbstractType,
  isLeafType,
  isListType,
  isObjectType,
  Kind,
  valueFromAST,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
// What the executor itself collects by, so that nothing is run that was not counted.
import { collectSubfields } from 'graphql/execution/collectFields.js';
import { AppError } from '../../errors/app-error.js';
import { DEFAULT_PAGE_SIZE, pageSize } from '../../graph/page-request.js';
import { isConnectionPart } from '../../graph/selection.js';

/** An operation as it would be executed: valid, with the variables as their types have read them. */
export interface Executable {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  readonly variables: Record<string, unknown>;
}

/** What a selection asks for. */
interface Level {
  /** Values that it names. */
  readonly leaves: number;
  /** Fields that lead to rows, or to parts of a page. */
  readonly branches: number;
  /** The rows behind those, for one row that it selects from. */
  readonly cost: number;
}

const NOTHING: Level = { leaves: 0, branches: 0, cost: 0 };

/**
 * How many rows the answer may hold at most. A list counts as many as its page asks for, whether or not it gives so many;
 * each of them counts again what is selected of it; a partner, a count and a root field count one at least.
 *
 * What fields select together is counted once, wherever fragments lead there, so that the time this takes goes by the
 * document and not by what it unfolds to.
 */
export class Cost {
  readonly rows: number;
  /** What a list has against the size of its page; of several the first. Null where each takes what is asked of it. */
  readonly refusedPage: AppError | null;

  readonly #executable: Executable;
  readonly #root: GraphQLObjectType | null;
  readonly #levels = new Map<string, Level>();
  readonly #numbers = new Map<FieldNode, number>();
  #refusedPage: AppError | null = null;

  constructor(executable: Executable) {
    const { schema, operation } = executable;
    this.#executable = executable;
    this.#root = schema.getRootType(operation.operation) ?? null;
    const { selectionSet } = operation;
    const all: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: operation.operation }, selectionSet };
    this.rows = this.#root === null ? 0 : this.#level(this.#root, [all]).cost;
    this.refusedPage = this.#refusedPage;
  }

  #level(type: GraphQLNamedType, nodes: readonly FieldNode[]): Level {
    const key = `${type.name} ${nodes.map((node) => this.#numberOf(node)).join()}`;
    const known = this.#levels.get(key);
    if (known !== undefined) return known;
    const { schema } = this.#executable;
    const types = isAbstractType(type) ? schema.getPossibleTypes(type) : isObjectType(type) ? [type] : [];
    const level = types.map((possible) => this.#levelOf(possible, nodes)).reduce(greater, NOTHING);
    this.#levels.set(key, level);
    return level;
  }

  #levelOf(type: GraphQLObjectType, nodes: readonly FieldNode[]): Level {
    const { schema, fragments, variables } = this.#executable;
    let { leaves, branches, cost } = NOTHING;
    for (const same of collectSubfields(schema, fragments, variables, type, nodes).values()) {
      const name = same[0]?.name.value ?? '';
      if (name === '__typename') continue;
      const field = type.getFields()[name];
      const isLeaf = field === undefined || isLeafType(getNamedType(field.type));
      if (isLeaf) leaves += 1;
      else branches += 1;
      const rows = isLeaf ? 0 : this.#rows(type, field, same);
      cost = saturated(cost + (type === this.#root ? Math.max(1, rows) : rows));
    }
    return { leaves, branches, cost };
  }

  /** The rows behind a field, for one row that has it. */
  #rows(parent: GraphQLObjectType, field: GraphQLField<unknown, unknown>, nodes: readonly FieldNode[]): number {
    const type = getNamedType(field.type);
    const inner = this.#level(type, nodes);
    // The page's own rows are counted where the page is asked for.
    if (isConnectionPart(parent)) return inner.cost;
    const rows = saturated(this.#size(parent, field, nodes[0]) * (1 + inner.cost));
    if (!isConnectionPart(type)) return rows;
    return Math.max(1, saturated(inner.leaves + (inner.branches > 0 ? rows : 0)));
  }

  /** How many rows a field asks for. One that is a list and takes no size counts as a page of the usual one. */
  #size(parent: GraphQLObjectType, field: GraphQLField<unknown, unknown>, node: FieldNode | undefined): number {
    const [first, last] = [this.#asked(field, 'first', node), this.#asked(field, 'last', node)];
    if (first === undefined && last === undefined)
      return isListType(getNullableType(field.type)) ? DEFAULT_PAGE_SIZE : 1;
    if (isConnectionPart(getNamedType(field.type))) {
      const path = parent === this.#root ? field.name : `${parent.name}.${field.name}`;
      this.#refusedPage ??= refusedPage(path, first ?? null, last ?? null);
    }
    const given = [first, last].filter((size) => typeof size === 'number');
    return given.length === 0 ? DEFAULT_PAGE_SIZE : Math.max(1, ...given);
  }

  /** The number that an argument has, null for none; undefined where the field does not take it. */
  #asked(field: GraphQLField<unknown, unknown>, name: string, node: FieldNode | undefined): number | null | undefined {
    const argument = field.args.find((one) => one.name === name);
    if (argument === undefined) return undefined;
    const given = node?.arguments?.find((one) => one.name.value === name);
    const value = given === undefined ? undefined : valueFromAST(given.value, GraphQLInt, this.#executable.variables);
    const size = value === undefined ? argument.defaultValue : value;
    return typeof size === 'number' ? size : null;
  }

  #numberOf(node: FieldNode): number {
    const number = this.#numbers.get(node) ?? this.#numbers.size;
    this.#numbers.set(node, number);
    return number;
  }
}

function greater(a: Level, b: Level): Level {
  return {
    leaves: Math.max(a.leaves, b.leaves),
    branches: Math.max(a.branches, b.branches),
    cost: Math.max(a.cost, b.cost),
  };
}

/** Pages inside of pages multiply beyond the numbers that are exact. */
function saturated(rows: number): number {
  return Math.min(rows, Number.MAX_SAFE_INTEGER);
}

function refusedPage(path: string, first: number | null, last: number | null): AppError | null {
  try {
    pageSize(path, { first, last });
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
