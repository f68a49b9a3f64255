import { Field, ID, ObjectType } from '@nestjs/graphql';
import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';
import { SchemaTypes, type Types } from 'mongoose';
import { ConnectionOf } from '../shared/connection.model.js';
import { Decimal } from '../shared/decimal.scalar.js';

@ObjectType()
@Schema({ collection: 'products', versionKey: false })
export class Product {
  @Field(() => ID)
  id!: string;

  @Prop({ required: true })
  name!: string;

  @Field(() => Decimal)
  @Prop({ type: SchemaTypes.Decimal128, required: true })
  price!: Types.Decimal128;

  @Prop({ required: true })
  createdAt!: Date;
}

export const ProductSchema = SchemaFactory.createForClass(Product);

@ObjectType()
export class ProductConnection extends ConnectionOf(Product) {}
