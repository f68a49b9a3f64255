import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { connect } from 'mongoose';
import { builder } from './builder.js';
import '../domain/order-item.js'; // domain
import '../domain/product.js'; // domain

await connect(process.env.MONGO_URL!);
const server = new ApolloServer({ schema: builder.toSchema() });
const { url } = await startStandaloneServer(server, {
  listen: { port: Number(process.env.PORT ?? 4000) },
  context: async () => ({}),
});
console.log(url);
