import { Ctx, Field, ObjectType } from './decorators.js';

const CONSISTENCY_TOKEN =
  'The position of the write: who brings it in the header `x-consistency-token` reads no older copy. Null without copies.';

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
