import type { FieldNode, GraphQLResolveInfo } from 'graphql';

/**
 * The same function, called once for all rows of a level: what follows from a field's place in the query and from the
 * variables is the same for each of them. The variables' object belongs to one execution, and what is kept goes with it.
 */
export function perLevel<Rest extends unknown[], V>(
  make: (info: GraphQLResolveInfo, ...rest: Rest) => V,
): (info: GraphQLResolveInfo, ...rest: Rest) => V {
  const executions = new WeakMap<object, WeakMap<readonly FieldNode[], { readonly value: V }>>();
  return (info, ...rest) => {
    const levels = executions.get(info.variableValues) ?? new WeakMap<readonly FieldNode[], { readonly value: V }>();
    const known = levels.get(info.fieldNodes) ?? { value: make(info, ...rest) };
    executions.set(info.variableValues, levels.set(info.fieldNodes, known));
    return known.value;
  };
}
