import { defaultFieldResolver, isObjectType, type GraphQLField, type GraphQLSchema } from 'graphql';
import { forbidden } from '../errors/app-error.js';
import { NEEDS_EXTENSION } from '../graph/selection.js';
import { KEY, type Source } from '../join/source.js';
import type { Access } from './access.js';
import type { Policy } from './policy.js';
import type { Rule } from './rules.js';

interface PolicedContext {
  readonly access: Access;
}

/**
 * The same schema, in which a field that the policy keeps from some is null for them, with FORBIDDEN. Whatever way leads to
 * a row, its value is read through the field, so there is no other way around it.
 *
 * @throws {TypeError} for a type of the policy that the schema lacks
 */
export function policed(schema: GraphQLSchema, { sources }: Policy): GraphQLSchema {
  for (const { source, readable, types } of sources) {
    for (const name of [source.type, ...types]) {
      const type = schema.getType(name);
      if (!isObjectType(type)) throw new TypeError(`the policy names the type ${name}, which the graph does not have`);
      for (const [field, rule] of Object.entries(readable)) {
        const found = type.getFields()[field];
        if (found !== undefined) police(found, name, source, rule);
      }
    }
  }
  return schema;
}

function police(field: GraphQLField<unknown, unknown>, type: string, source: Source, rule: Rule): void {
  const { name, resolve = defaultFieldResolver } = field;
  field.resolve = (row, args, context, info) => {
    if (!(context as PolicedContext).access.readsIn(source, name, row as object)) {
      throw forbidden(`${type}.${name} of this ${source.type} is not yours to read`);
    }
    return resolve(row, args, context, info);
  };
  // What the rule looks at has to be in the row that was read.
  const needs = (field.extensions[NEEDS_EXTENSION] as readonly string[] | undefined) ?? [name];
  const ofRule = rule.fields.filter((one) => one !== KEY);
  field.extensions = { ...field.extensions, [NEEDS_EXTENSION]: [...new Set([...needs, ...ofRule])] };
}
