// TypeGraphQL's decorators, from one place: they need the metadata API before the first of them runs, whichever file is
// loaded first.
import 'reflect-metadata';
export {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Extensions,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
  type ClassType,
} from 'type-graphql';
