import { fieldOf, KEY, type Source } from '../join/source.js';
import { nobody, type Rule } from './rules.js';

/** What is allowed with the rows of one source. */
export interface SourcePolicy {
  readonly source: Source;
  /** Which rows there are for an actor: any other is not there, in no list and no count. */
  readonly visibleTo: Rule;
  /** In which of those a field can be read. Of a field that is not named, in every one that is visible. */
  readonly readable: Readonly<Record<string, Rule>>;
  readonly create: Rule;
  readonly update: Rule;
  readonly delete: Rule;
  /** Fields that not everybody may write who may create or update. */
  readonly writable: Readonly<Record<string, Rule>>;
  /** Other types of the graph that show the same fields of the same rows, with the rules of what else they show. */
  readonly types: Readonly<Record<string, Readonly<Record<string, Rule>>>>;
}

type Declaration<R extends object> = Partial<Omit<SourcePolicy, 'source' | 'readable' | 'writable' | 'visibleTo'>> & {
  readonly visibleTo: Rule;
  readonly readable?: { readonly [N in keyof R]?: Rule };
  /** Of the fields that `readable` does not name. */
  readonly otherwise?: Rule;
  readonly writable?: { readonly [N in keyof R]?: Rule };
};

/**
 * What is allowed with a source's rows; what is not said is allowed to nobody.
 *
 * @throws {TypeError} for a field that cannot be hidden, since the graph promises a value in each row
 */
export function allow<R extends object>(source: Source<R>, declaration: Declaration<R>): SourcePolicy {
  const { readable = {}, otherwise, writable = {}, visibleTo, ...rest } = declaration;
  const named = readable as Readonly<Record<string, Rule>>;
  const others = otherwise === undefined ? [] : Object.keys(source.fields).map((name) => [name, otherwise] as const);
  const rules: SourcePolicy['readable'] = { ...Object.fromEntries(others), ...named };
  for (const [name, rule] of Object.entries(rules)) {
    const isAlwaysThere = name === KEY || !fieldOf(source, name).nullable;
    if (isAlwaysThere && rule !== visibleTo) {
      throw new TypeError(`${source.type}.${name} is never null, so it is read by whoever sees the row: hide the row`);
    }
  }
  const usual = { create: nobody, update: nobody, delete: nobody, types: {} };
  return { ...usual, ...rest, source, visibleTo, readable: rules, writable };
}

/** Everything that is allowed: with each source, and what is no row. */
export interface Policy {
  readonly sources: readonly SourcePolicy[];
  /** What else can be asked for, and the roles that may. */
  readonly operations: Readonly<Record<string, readonly string[]>>;
  /** Whose the rows of a source are that has no rules of its own. */
  readonly otherSources: Rule;
}
