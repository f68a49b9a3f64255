import { defaultFieldResolver, isObjectType, type GraphQLField, type GraphQLSchema } from 'graphql';
import { forbidden } from '../errors/app-error.js';
import { NEEDS_EXTENSION } from '../graph/selection.js';
import { KEY, type Source } from '../join/source.js';
import type { Access } from './access.js';
import type { Policy, SourcePolicy } from './policy.js';
import type { Rule } from './rules.js';

interface PolicedContext {
  readonly access: Access;
}

/**
 * The same schema, in which a field that the policy keeps from some is null for them, with FORBIDDEN. Whatever way leads to
 * a row, its value is read through the field, so there is no other way around it.
 *
 * @throws {TypeError} for a type of the policy, or a field of such a type, that the schema lacks
 */
export function policed(schema: GraphQLSchema, { sources }: Policy): GraphQLSchema {
  for (const { source, readable, types } of sources) {
    const shown: SourcePolicy['types'] = { [source.type]: {}, ...types };
    for (const [name, more] of Object.entries(shown)) {
      const type = schema.getType(name);
      if (!isObjectType(type)) throw new TypeError(`the policy names the type ${name}, which the graph does not have`);
      for (const [field, rule] of Object.entries({ ...readable, ...more })) {
        const found = type.getFields()[field];
        if (found !== undefined) police(found, name, source, rule);
        else if (field in more) throw new TypeError(`the policy names ${name}.${field}, which the graph does not have`);
      }
    }
  }
  return schema;
}

function police(field: GraphQLField<unknown, unknown>, type: string, source: Source, rule: Rule): void {
  const { name, resolve = defaultFieldResolver } = field;
  field.resolve = (row, args, context, info) => {
    if (!(context as PolicedContext).access.allows(rule, source, row as object)) {
      throw forbidden(`${type}.${name} of this ${source.type} is not yours to read`);
    }
    return resolve(row, args, context, info);
  };
  // What the rule looks at has to be in the row that was read.
  const needs = (field.extensions[NEEDS_EXTENSION] as readonly string[] | undefined) ?? [name];
  const ofRule = rule.fields.filter((one) => one !== KEY);
  field.extensions = { ...field.extensions, [NEEDS_EXTENSION]: [...new Set([...needs, ...ofRule])] };
}
