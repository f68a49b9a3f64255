import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import { once } from '../join/once.js';

/**
 * The same function, called once for all rows of a level: what follows from a field's place in the query and from the
 * variables is the same for each of them. The variables' object belongs to one execution, and what is kept goes with it.
 */
export function perLevel<Rest extends unknown[], V>(
  make: (info: GraphQLResolveInfo, ...rest: Rest) => V,
): (info: GraphQLResolveInfo, ...rest: Rest) => V {
  const levelsOf = once<object, WeakMap<readonly FieldNode[], { readonly value: V }>>(() => new WeakMap());
  return (info, ...rest) => {
    const levels = levelsOf(info.variableValues);
    const known = levels.get(info.fieldNodes);
    if (known !== undefined) return known.value;
    const value = make(info, ...rest);
    levels.set(info.fieldNodes, { value });
    return value;
  };
}
