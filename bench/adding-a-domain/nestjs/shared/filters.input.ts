import { Field, ID, InputType, Int, registerEnumType } from '@nestjs/graphql';
import { Decimal } from './decimal.scalar.js';

export enum SortOrder {
  asc = 'asc',
  desc = 'desc',
}

registerEnumType(SortOrder, { name: 'SortOrder' });

@InputType()
export class IdFilter {
  @Field(() => ID)
  equals?: string;

  @Field(() => [ID])
  in?: string[];

  @Field(() => [ID])
  notIn?: string[];

  not?: IdFilter;
}

@InputType()
export class StringFilter {
  equals?: string;
  in?: string[];
  notIn?: string[];
  lt?: string;
  lte?: string;
  gt?: string;
  gte?: string;
  contains?: string;
  startsWith?: string;
  endsWith?: string;
  not?: StringFilter;
}

@InputType()
export class IntFilter {
  @Field(() => Int)
  equals?: number;

  @Field(() => [Int])
  in?: number[];

  @Field(() => [Int])
  notIn?: number[];

  @Field(() => Int)
  lt?: number;

  @Field(() => Int)
  lte?: number;

  @Field(() => Int)
  gt?: number;

  @Field(() => Int)
  gte?: number;

  not?: IntFilter;
}

@InputType()
export class DecimalFilter {
  @Field(() => Decimal)
  equals?: string;

  @Field(() => [Decimal])
  in?: string[];

  @Field(() => [Decimal])
  notIn?: string[];

  @Field(() => Decimal)
  lt?: string;

  @Field(() => Decimal)
  lte?: string;

  @Field(() => Decimal)
  gt?: string;

  @Field(() => Decimal)
  gte?: string;

  not?: DecimalFilter;
}

@InputType()
export class DateTimeFilter {
  equals?: Date;
  in?: Date[];
  notIn?: Date[];
  lt?: Date;
  lte?: Date;
  gt?: Date;
  gte?: Date;
  not?: DateTimeFilter;
}
