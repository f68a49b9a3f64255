import { orderUser } from '../domains/order/order.relations.js';
import { normalizeKey, storableText } from '../join/key.js';
import { fieldOf, KEY } from '../join/source.js';
import { isFollowJob } from '../copies/follow-job.js';
import type { CopiedUser } from '../copies/user-snapshot.repository.js';
import { DELETIONS } from '../platform/postgres/own-tables.js';
import { jobStates } from '../platform/jobs/job-queue.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import { nextBehind, readAhead, type ConsistencyWalk, type JudgedRows } from './consistency-walk.js';
import type { Standing } from './copy-progress.js';
import { UNSETTLED } from './visibility.js';
import { found, stillAmong, type Found, type Inconsistency } from './inconsistency.js';
import { userProblem, type MeantPartners } from './meant-partners.js';
import type { ReadUsers, UserReads } from './user-reads.js';
import type { Meant } from '../platform/wrapped-reference.js';

/** What is looked at of an order. */
interface OrderRow {
  readonly id: string;
  readonly userId: string;
  readonly userName: string | null;
  readonly userEmail: string | null;
  /** Whether its copies follow the user. */
  readonly isFollowed: boolean;
}

/** The copies that an order should have. */
type OrderCopies = Pick<OrderRow, 'userName' | 'userEmail'>;

const COLUMNS = `"orders"."id"::text AS "id", "orders"."userId"::text AS "userId", "orders"."userName"::text AS "userName",
  "orders"."userEmail"::text AS "userEmail", "orders"."copiedAt" IS NOT NULL AS "isFollowed"`;

/** Hidden orders are not created yet, or deleted already. */
const SEEN = '"orders"."unfinished" IS NULL';

/** Goes through the orders that people see: whether their users are there, and whether their copies are in step. */
export class OrderWalk implements ConsistencyWalk {
  readonly name = 'orders';
  readonly #postgres: PostgresDatabase;
  readonly #users: UserReads;
  readonly #partners: MeantPartners;
  readonly #follows: boolean;

  /** @param parts.follows whether the copies on orders follow their users */
  constructor(parts: { postgres: PostgresDatabase; userReads: UserReads; partners: MeantPartners; follows: boolean }) {
    this.#postgres = parts.postgres;
    this.#users = parts.userReads;
    this.#partners = parts.partners;
    this.#follows = parts.follows;
  }

  async *stretches(after: string | null, size: number): AsyncGenerator<JudgedRows> {
    const read = async (behind: string | null) => {
      const rows = await this.#read(
        `($1::uuid IS NULL OR "id" > $1::uuid) ORDER BY "orders"."id" LIMIT ${Math.trunc(size)}`,
        behind,
      );
      return nextBehind(rows, size, ({ id }) => id);
    };
    for await (const { rows, start, next } of readAhead(read, after))
      yield { examined: rows.length, found: await this.#judge(rows), start, next };
  }

  async lasting(before: readonly Found[], standing: Standing): Promise<readonly Found[]> {
    const ids = [...new Set(before.map(({ id }) => id))];
    const now = await this.#judge(await this.#read('"id" = ANY($1::uuid[])', ids));
    const unjoined = stillAmong(before, now).filter((one) => !isStale(one));
    return [...unjoined, ...(await this.#stillStale(before, now, standing))];
  }

  async #read(which: string, parameter: unknown): Promise<readonly OrderRow[]> {
    const rows = await this.#postgres.query(`SELECT ${COLUMNS} FROM "orders" WHERE ${SEEN} AND ${which}`, parameter);
    return rows as unknown as readonly OrderRow[];
  }

  async #judge(rows: readonly OrderRow[]): Promise<readonly Found[]> {
    const ids = new Set(rows.flatMap(({ userId }) => userKey(userId) ?? []));
    const people = await this.#users.ofIds([...ids]);
    const deleted = await this.#deleted([...ids].filter((id) => !people.byId.has(id)));
    const userOf = ({ userId }: OrderRow) => people.byId.get(userKey(userId) ?? '');
    const meant = await this.#partners.users(rows.flatMap((row) => (userOf(row) === undefined ? [row.userId] : [])));
    return rows.flatMap((row) => {
      const key = userKey(row.userId);
      const user = userOf(row);
      if (user !== undefined) return this.#staleCopies(row, user, people);
      const isUnsure = key !== null && people.unsure.has(key);
      const partner = meant.get(row.userId);
      if (partner !== undefined && !isUnsure) return partner.how === 'plain' ? [] : [unjoined(row, partner)];
      const one = found(dangling(row, key === null ? 'MALFORMED' : deleted.has(key) ? 'DELETED' : 'NOBODY'));
      return [isUnsure ? { ...one, doubt: UNSETTLED } : one];
    });
  }

  /** Those of the ids under which the copies remember somebody who is gone. */
  async #deleted(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const sql = 'SELECT "mongoId" AS "id" FROM "users" WHERE "mongoId" = ANY($1::text[]) AND "deletedAt" IS NOT NULL';
    return new Set((await this.#postgres.query(sql, ids)).map(({ id }) => String(id)));
  }

  #staleCopies(row: OrderRow, user: CopiedUser, { at }: ReadUsers): readonly Found[] {
    const expected = { userName: storableText(user.username), userEmail: storableText(user.email) };
    if (!this.#follows || !row.isFollowed || areCopies(row, expected)) return [];
    const which = [
      ...(row.userName === expected.userName ? [] : ['userName']),
      ...(row.userEmail === expected.userEmail ? [] : ['userEmail']),
    ];
    const problem = `its ${which.join(' and ')} ${which.length === 1 ? 'is' : 'are'} not what its user has`;
    const { id, userId: reference } = row;
    return [{ kind: 'staleOrderCopies', reason: 'STALE', id, reference, problem, moment: at, expected }];
  }

  /**
   * Copies that nobody is about to change. Where the stream has passed the moment of the finding, they are what they
   * should have been then, unless the user has had another name or address since.
   *
   * @param now what is found now
   */
  async #stillStale(before: readonly Found[], now: readonly Found[], { kind }: Standing): Promise<readonly Found[]> {
    const moments = new Map(before.filter(isStale).map((one) => [one.id, one]));
    const stale = now.filter((one) => isStale(one) && moments.has(one.id));
    if (stale.length === 0) return [];
    const settled = new Map((await this.#settled(stale)).map((row) => [row.id, row]));
    return stale.filter(({ id }) => {
      const [row, then] = [settled.get(id), moments.get(id)];
      if (row === undefined || then === undefined) return false;
      if (kind !== 'covered') return true;
      if (then.moment !== null && row.namedVersion !== null && row.namedVersion > then.moment) return false;
      return !areCopies(row, then.expected as OrderCopies);
    });
  }

  /** Those of the orders for whose copies no job waits, and whose users are not being forgotten. */
  async #settled(stale: readonly Found[]): Promise<readonly (OrderRow & { readonly namedVersion: string | null })[]> {
    const rows = await this.#postgres.query(
      `SELECT ${COLUMNS}, LEAST("users"."namedVersion", "users"."sourceVersion") AS "namedVersion" FROM "orders"
       LEFT JOIN "users" ON "users"."mongoId" = lower("orders"."userId")
       WHERE "orders"."id" = ANY($1::uuid[]) AND ${SEEN} AND "users"."erasedAt" IS NULL
         AND NOT EXISTS (
           SELECT FROM ${DELETIONS} AS "deletion" WHERE "deletion"."userId" = lower("orders"."userId") AND "erases")
         AND lower("orders"."userId") NOT IN (
           SELECT right("key", 24) FROM ${jobStates(this.#postgres.schema)} AS "jobs"
           WHERE "state" = 'waiting' AND ${isFollowJob('"key"')})`,
      stale.map(({ id }) => id),
    );
    return rows as unknown as readonly (OrderRow & { readonly namedVersion: string | null })[];
  }
}

function isStale({ kind }: Inconsistency): boolean {
  return kind === 'staleOrderCopies';
}

function areCopies(row: OrderCopies, { userName, userEmail }: OrderCopies): boolean {
  return row.userName === userName && row.userEmail === userEmail;
}

const USER_KEY = fieldOf(orderUser.to, KEY).kind;

/** As the graph joins it; null for what is no id. */
function userKey(userId: string): string | null {
  return normalizeKey(USER_KEY, userId);
}

const PROBLEMS = {
  NOBODY: 'nobody has the id of its user',
  DELETED: 'its user was deleted',
  MALFORMED: 'the id of its user is none',
} as const;

/** An order whose user is there, although the graph does not find it. */
function unjoined({ id, userId }: OrderRow, meant: Meant): Found {
  const about = { id, reference: userId, problem: userProblem(meant) };
  return meant.how === 'otherType'
    ? { ...found({ ...about, kind: 'otherTypeReferences', reason: 'USER_OF_OTHER_TYPE' }), meant }
    : { ...found({ ...about, kind: 'wrappedReferences', reason: 'USER_WRAPPED' }), meant };
}

function dangling({ id, userId }: OrderRow, reason: keyof typeof PROBLEMS): Inconsistency {
  return { kind: 'danglingOrders', reason, id, reference: userId, problem: PROBLEMS[reason] };
}
