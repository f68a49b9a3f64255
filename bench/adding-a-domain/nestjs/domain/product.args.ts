import { ArgsType, InputType } from '@nestjs/graphql';
import { ConnectionArgsOf } from '../shared/connection.model.js';
import { DateTimeFilter, DecimalFilter, IdFilter, SortOrder, StringFilter } from '../shared/filters.input.js';

@InputType()
export class ProductWhere {
  AND?: ProductWhere[];
  OR?: ProductWhere[];
  NOT?: ProductWhere[];
  id?: IdFilter;
  name?: StringFilter;
  price?: DecimalFilter;
  createdAt?: DateTimeFilter;
}

@InputType()
export class ProductOrderBy {
  id?: SortOrder;
  name?: SortOrder;
  price?: SortOrder;
  createdAt?: SortOrder;
}

@ArgsType()
export class ProductsArgs extends ConnectionArgsOf(ProductWhere, ProductOrderBy) {}
