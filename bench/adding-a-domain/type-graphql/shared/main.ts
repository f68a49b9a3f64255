import 'reflect-metadata';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { connect } from 'mongoose';
import { buildSchema } from 'type-graphql';
import { createLoaders, resolvers } from '../domain/index.js'; // domain
import type { Context } from './context.js';

await connect(process.env.MONGO_URL!);
const server = new ApolloServer<Context>({ schema: await buildSchema({ resolvers, validate: false }) });
const { url } = await startStandaloneServer(server, {
  listen: { port: Number(process.env.PORT ?? 4000) },
  context: async () => ({ loaders: createLoaders() }), // domain
});
console.log(url);
