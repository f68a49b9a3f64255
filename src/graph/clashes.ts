import { relationName, type Relation } from '../join/relation.js';
import { singular, type Source } from '../join/source.js';
import { COMBINATORS } from './where-input.js';

/**
 * Refuses names that would silently hide each other in the graph.
 *
 * @throws {TypeError} that names both
 */
export function refuseClashes(sources: readonly Source[], relations: readonly Relation[]): void {
  const taken = new Map<string, string>();
  const claim = (place: string, name: string, owner: string): void => {
    const other = taken.get(`${place}.${name}`);
    if (other !== undefined) throw new TypeError(`${place}.${name} would be both ${other} and ${owner}; rename one`);
    taken.set(`${place}.${name}`, owner);
  };
  for (const source of sources) {
    claim('Query', singular(source), `one row of source ${source.name}`);
    claim('Query', source.name, `the list of source ${source.name}`);
    for (const name of Object.keys(COMBINATORS)) claim(source.type, name, 'how filters are combined');
    for (const name of Object.keys(source.fields)) claim(source.type, name, `a field of source ${source.name}`);
  }
  for (const relation of relations) {
    const { from, to, name, inverse } = relation;
    claim(from.type, name, `relation ${relationName(relation)}`);
    claim(to.type, inverse.name, `the inverse of relation ${relationName(relation)}`);
  }
}
