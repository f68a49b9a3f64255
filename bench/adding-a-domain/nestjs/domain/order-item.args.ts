import { ArgsType, InputType } from '@nestjs/graphql';
import { ConnectionArgsOf } from '../shared/connection.model.js';
import { DateTimeFilter, IdFilter, IntFilter, SortOrder, StringFilter } from '../shared/filters.input.js';

@InputType()
export class OrderItemWhere {
  AND?: OrderItemWhere[];
  OR?: OrderItemWhere[];
  NOT?: OrderItemWhere[];
  id?: IdFilter;
  productId?: StringFilter;
  quantity?: IntFilter;
  createdAt?: DateTimeFilter;
}

@InputType()
export class OrderItemOrderBy {
  id?: SortOrder;
  productId?: SortOrder;
  quantity?: SortOrder;
  createdAt?: SortOrder;
}

@ArgsType()
export class OrderItemsArgs extends ConnectionArgsOf(OrderItemWhere, OrderItemOrderBy) {}
