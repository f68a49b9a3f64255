import { getModelForClass, modelOptions, mongoose, prop } from '@typegoose/typegoose';
import { ArgsType, Field, ID, InputType, ObjectType } from 'type-graphql';
import { MongoCollection } from '../../common/mongo.js';
import { ConnectionArgsOf, ConnectionOf } from '../shared/connection.js';
import { Decimal } from '../shared/decimal.js';
import { DateTimeFilter, DecimalFilter, IdFilter, SortOrder, StringFilter, WhereInput } from '../shared/filters.js';

@ObjectType()
@modelOptions({ schemaOptions: { collection: 'products', versionKey: false } })
export class Product {
  @Field(() => ID)
  id!: string;

  @Field()
  @prop({ required: true })
  name!: string;

  @Field(() => Decimal)
  @prop({ required: true })
  price!: mongoose.Types.Decimal128;

  @Field()
  @prop({ required: true })
  createdAt!: Date;
}

export const products = new MongoCollection<Product>(getModelForClass(Product));

@ObjectType()
export class ProductConnection extends ConnectionOf(Product) {}

@WhereInput()
export class ProductWhere {
  @Field({ nullable: true })
  id?: IdFilter;

  @Field({ nullable: true })
  name?: StringFilter;

  @Field({ nullable: true })
  price?: DecimalFilter;

  @Field({ nullable: true })
  createdAt?: DateTimeFilter;
}

@InputType()
export class ProductOrderBy {
  @Field(() => SortOrder, { nullable: true })
  id?: SortOrder;

  @Field(() => SortOrder, { nullable: true })
  name?: SortOrder;

  @Field(() => SortOrder, { nullable: true })
  price?: SortOrder;

  @Field(() => SortOrder, { nullable: true })
  createdAt?: SortOrder;
}

@ArgsType()
export class ProductsArgs extends ConnectionArgsOf(ProductWhere, ProductOrderBy) {}
