import { badUserInput } from '../../errors/app-error.js';
import { quote, textArgument } from '../../graph/arguments.js';

/** What a caller says about a new user. */
export interface CreateUser {
  readonly username: string;
  readonly email?: string | null | undefined;
  readonly locCode?: string | null | undefined;
  /** 32 bits. */
  readonly power?: number | null | undefined;
}

/** What a caller wants changed: what is absent stays, null empties it. A user without a name is nobody's wish. */
export type UpdateUser = { readonly [N in keyof CreateUser]?: CreateUser[N] | null };

/** The same, checked; what is not to be changed is absent. */
export type UserFields = { readonly [N in keyof CreateUser]?: NonNullable<CreateUser[N]> | null };

const MAX_NAME = 200;
const MAX_EMAIL = 254;
const MAX_LOC_CODE = 64;

const EMAIL = /^[^\s@]+@[^\s@]+$/;

/** @throws {AppError} BAD_USER_INPUT for the first field whose value is not allowed */
export function checkedUser({ username, email, locCode, power }: UpdateUser): UserFields {
  if (username === null) throw badUserInput('input.username', 'input.username takes a name, got null; leave it out');
  const fields = {
    username: given(username, (name) => textArgument(name, 'input.username', MAX_NAME)),
    email: given(email, checkedEmail),
    locCode: given(locCode, (code) => textArgument(code, 'input.locCode', MAX_LOC_CODE)),
    power,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function given<V>(value: V | null | undefined, check: (value: V) => V): V | null | undefined {
  return value === null || value === undefined ? value : check(value);
}

function checkedEmail(email: string): string {
  const path = 'input.email';
  if (EMAIL.test(textArgument(email, path, MAX_EMAIL))) return email;
  throw badUserInput(path, `${path} takes an e-mail address such as "ada@example.com", got ${quote(email)}`);
}
