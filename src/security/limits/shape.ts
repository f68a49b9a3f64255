import {
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** How large an operation is with its fragments spread out: each counts again wherever it is spread. */
export interface Shape {
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  /** Fields side by side at its root. */
  readonly rootFields: number;
}

const NOTHING: Shape = { depth: 0, aliases: 0, directives: 0, rootFields: 0 };

/** What asks for the schema: how deep that goes is given by the schema's types, and GraphQL bounds it by itself. */
const INTROSPECTION: ReadonlySet<string> = new Set(['__schema', '__type']);

/**
 * Measures the operations and fragments of a document that nobody has validated, in the time that it takes to read it
 * once: each fragment is measured once, however often it is spread. One that leads back to itself counts as nothing
 * there, for validation to refuse. An unaliased `__typename`, which clients add by themselves, is free.
 */
export class Shapes {
  /** Fragments, and the places where one is spread, as they are written. */
  readonly fragments: number;
  readonly spreads: number;
  /** Of each operation, also those that are not asked for, and of each fragment, also those that are not spread. */
  readonly operations: readonly Shape[];
  readonly everything: readonly Shape[];

  readonly #definitions = new Map<string, FragmentDefinitionNode>();
  readonly #known = new Map<FragmentDefinitionNode, Shape>();
  #spreads = 0;

  constructor({ definitions }: DocumentNode) {
    const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    for (const fragment of fragments) this.#definitions.set(fragment.name.value, fragment);
    const operations = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
    this.operations = operations.map((operation) => this.#operation(operation));
    this.everything = [...this.operations, ...fragments.map((fragment) => this.#fragment(fragment))];
    this.fragments = fragments.length;
    this.spreads = this.#spreads;
  }

  #operation({ selectionSet, directives = [], variableDefinitions = [] }: OperationDefinitionNode): Shape {
    const ofVariables = variableDefinitions.flatMap((variable) => variable.directives ?? []);
    const own = { ...NOTHING, directives: directives.length + ofVariables.length };
    return beside(own, this.#set(selectionSet));
  }

  #fragment(fragment: FragmentDefinitionNode | undefined): Shape {
    if (fragment === undefined) return NOTHING;
    const known = this.#known.get(fragment);
    if (known !== undefined) return known;
    this.#known.set(fragment, NOTHING);
    const own = { ...NOTHING, directives: fragment.directives?.length ?? 0 };
    const shape = beside(own, this.#set(fragment.selectionSet));
    this.#known.set(fragment, shape);
    return shape;
  }

  #set(set: SelectionSetNode | undefined): Shape {
    let shape = NOTHING;
    for (const selection of set?.selections ?? []) shape = beside(shape, this.#selection(selection));
    return shape;
  }

  #selection(selection: SelectionNode): Shape {
    const own = { ...NOTHING, directives: selection.directives?.length ?? 0 };
    if (selection.kind !== Kind.FIELD) {
      this.#spreads += 1;
      const isNamed = selection.kind === Kind.FRAGMENT_SPREAD;
      const spread = isNamed ? this.#definitions.get(selection.name.value) : undefined;
      return beside(own, isNamed ? this.#fragment(spread) : this.#set(selection.selectionSet));
    }
    const { name, alias, selectionSet } = selection;
    if (name.value === '__typename' && alias === undefined) return own;
    const inner = this.#set(selectionSet);
    return {
      depth: 1 + (INTROSPECTION.has(name.value) ? 0 : inner.depth),
      aliases: inner.aliases + (alias === undefined ? 0 : 1),
      directives: own.directives + inner.directives,
      rootFields: 1,
    };
  }
}

/** Two shapes side by side. Doubled at every level a number would leave those that are exact, so it stays below. */
function beside(a: Shape, b: Shape): Shape {
  const sum = (one: number, other: number) => Math.min(one + other, Number.MAX_SAFE_INTEGER);
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: sum(a.aliases, b.aliases),
    directives: sum(a.directives, b.directives),
    rootFields: sum(a.rootFields, b.rootFields),
  };
}
