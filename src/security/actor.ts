import { presentedId } from '../join/key.js';

/** Who asks, and what is known of that one. */
export interface Actor {
  /** One name for each: what is kept for an actor, idempotency keys and rates, is kept under it. */
  readonly name: string;
  /** The id of the user in MongoDB that the actor is; null where it is none. */
  readonly userId: string | null;
  readonly roles: ReadonlySet<string>;
  /** Whether the policy holds. It does not for the program itself, and where nobody's identity is asked for. */
  readonly isBound: boolean;
  /** Whether it has said who it is. */
  readonly isKnown: boolean;
}

/** The role that looks after the data. */
export const ADMIN = 'admin';

/** The program itself: a job, a command. */
export const PROGRAM: Actor = { name: 'anybody', userId: null, roles: new Set([ADMIN]), isBound: false, isKnown: true };

/** Whoever asks where no identity is asked for, which somebody has said aloud. */
export const ANYBODY: Actor = { ...PROGRAM, roles: new Set() };

/** Who asks without saying who, where that is asked for. */
export const STRANGER: Actor = { name: 'stranger', userId: null, roles: new Set(), isBound: true, isKnown: false };

/** Who has been identified by a token; one user has one name, however the id is written. */
export function identified(subject: string, roles: Iterable<string>): Actor {
  const userId = presentedId('objectId', subject);
  return { name: `user ${userId}`, userId, roles: new Set(roles), isBound: true, isKnown: true };
}
