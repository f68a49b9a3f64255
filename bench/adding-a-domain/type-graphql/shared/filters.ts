import { Field, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { Decimal } from './decimal.js';

export enum SortOrder {
  asc = 'asc',
  desc = 'desc',
}

registerEnumType(SortOrder, { name: 'SortOrder' });

/** An input type with AND, OR and NOT of its own kind. */
export function WhereInput(): ClassDecorator {
  return (target) => {
    for (const name of ['AND', 'OR', 'NOT']) Field(() => [target], { nullable: true })(target.prototype, name);
    InputType()(target);
  };
}

@InputType()
export class IdFilter {
  @Field(() => ID, { nullable: true })
  equals?: string;

  @Field(() => [ID], { nullable: true })
  in?: string[];

  @Field(() => [ID], { nullable: true })
  notIn?: string[];

  @Field({ nullable: true })
  not?: IdFilter;
}

@InputType()
export class StringFilter {
  @Field({ nullable: true })
  equals?: string;

  @Field(() => [String], { nullable: true })
  in?: string[];

  @Field(() => [String], { nullable: true })
  notIn?: string[];

  @Field({ nullable: true })
  lt?: string;

  @Field({ nullable: true })
  lte?: string;

  @Field({ nullable: true })
  gt?: string;

  @Field({ nullable: true })
  gte?: string;

  @Field({ nullable: true })
  contains?: string;

  @Field({ nullable: true })
  startsWith?: string;

  @Field({ nullable: true })
  endsWith?: string;

  @Field({ nullable: true })
  not?: StringFilter;
}

@InputType()
export class IntFilter {
  @Field(() => Int, { nullable: true })
  equals?: number;

  @Field(() => [Int], { nullable: true })
  in?: number[];

  @Field(() => [Int], { nullable: true })
  notIn?: number[];

  @Field(() => Int, { nullable: true })
  lt?: number;

  @Field(() => Int, { nullable: true })
  lte?: number;

  @Field(() => Int, { nullable: true })
  gt?: number;

  @Field(() => Int, { nullable: true })
  gte?: number;

  @Field({ nullable: true })
  not?: IntFilter;
}

@InputType()
export class DecimalFilter {
  @Field(() => Decimal, { nullable: true })
  equals?: string;

  @Field(() => [Decimal], { nullable: true })
  in?: string[];

  @Field(() => [Decimal], { nullable: true })
  notIn?: string[];

  @Field(() => Decimal, { nullable: true })
  lt?: string;

  @Field(() => Decimal, { nullable: true })
  lte?: string;

  @Field(() => Decimal, { nullable: true })
  gt?: string;

  @Field(() => Decimal, { nullable: true })
  gte?: string;

  @Field({ nullable: true })
  not?: DecimalFilter;
}

@InputType()
export class DateTimeFilter {
  @Field({ nullable: true })
  equals?: Date;

  @Field(() => [Date], { nullable: true })
  in?: Date[];

  @Field(() => [Date], { nullable: true })
  notIn?: Date[];

  @Field({ nullable: true })
  lt?: Date;

  @Field({ nullable: true })
  lte?: Date;

  @Field({ nullable: true })
  gt?: Date;

  @Field({ nullable: true })
  gte?: Date;

  @Field({ nullable: true })
  not?: DateTimeFilter;
}
