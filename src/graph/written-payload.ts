import { Ctx, Field, ObjectType } from './decorators.js';

const CONSISTENCY_TOKEN =
  'The position of the write. A later request that brings it in the header `x-consistency-token` sees the write in all ' +
  'copies, too. Null where MongoDB has no replica set, and so nothing is copied.';

/** What the payload of every mutation has beside what it wrote. */
@ObjectType()
export abstract class WrittenPayload {
  @Field(() => String, { nullable: true, description: CONSISTENCY_TOKEN })
  consistencyToken(@Ctx() { consistency }: { consistency: { readonly token: string | null } }): string | null {
    return consistency.token;
  }
}

/** A payload as a resolver gives it. */
export type Written<P extends WrittenPayload> = Omit<P, keyof WrittenPayload>;
