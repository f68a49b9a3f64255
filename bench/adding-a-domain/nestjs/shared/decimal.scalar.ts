import { GraphQLError, GraphQLScalarType } from 'graphql';

export const Decimal = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  serialize: String,
  parseValue: (value) => {
    if (/^-?\d+(\.\d+)?$/.test(String(value))) return String(value);
    throw new GraphQLError('A Decimal is written like "12.50".', { extensions: { code: 'BAD_USER_INPUT' } });
  },
});
