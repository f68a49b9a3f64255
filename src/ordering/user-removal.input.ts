import { WrittenPayload } from '../graph/written-payload.js';
import { Field, ObjectType, registerEnumType } from '../graph/decorators.js';
import { objectType } from '../graph/object-type.js';
import { users, type User } from '../domains/user/user.source.js';

export const OrdersOfDeletedUser = { REFUSE: 'REFUSE', KEEP: 'KEEP' } as const;

registerEnumType(OrdersOfDeletedUser, {
  name: 'OrdersOfDeletedUser',
  description: 'What happens when a user who is to be deleted has orders.',
  valuesConfig: {
    REFUSE: { description: 'The user is not deleted: USER_HAS_ORDERS.' },
    KEEP: { description: 'The user is deleted; the orders stay, and their `user` is null.' },
  },
});

@ObjectType({ description: 'What deleteUser gives back.' })
export class DeleteUserPayload extends WrittenPayload {
  @Field(() => objectType(users), {
    description: 'The user that was there; of one who was gone, and is erased now, the id.',
  })
  user!: User;
}
