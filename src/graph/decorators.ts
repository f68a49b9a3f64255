// TypeGraphQL's decorators, from one place: they need the metadata API before the first of them runs, whichever file is
// loaded first.
import 'reflect-metadata';
export * from 'type-graphql';
