import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Module } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { MongooseModule } from '@nestjs/mongoose';
import { ShopModule } from '../domain/shop.module.js'; // domain
import { PostgresModule } from './postgres.module.js';

@Module({
  imports: [
    GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true }),
    MongooseModule.forRoot(process.env.MONGO_URL!),
    PostgresModule,
    ShopModule, // domain
  ],
})
export class AppModule {}
