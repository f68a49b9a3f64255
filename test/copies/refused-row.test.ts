import pg from 'pg';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { UserId } from '../../src/domains/user/user.source.js';
import { logRefused } from '../../src/copies/refused-row.js';
import { UserCopyRepository } from '../../src/copies/user-copy.repository.js';
import { UserSnapshots } from '../../src/copies/user-snapshot.repository.js';
import { useDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { Seed } from '../support/seed.js';

const databases = useDatabases();
const seed = new Seed(databases);

const run = (...statements: string[]) => sql(databases.databaseUrl, ...statements);

const NOTHING_FITS = 'ALTER TABLE "users" ADD CONSTRAINT "nobody" CHECK ("mongoId" IS NULL)';
const REQUIRED = 'ALTER TABLE "users" ADD COLUMN "nickname" text NOT NULL';
const TELLING = [
  `CREATE FUNCTION "telling"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     RAISE EXCEPTION 'there is % already', COALESCE(NEW."username", NEW."mongoId")
       USING DETAIL = COALESCE(NEW."email", NEW."mongoId"), HINT = NEW."username", ERRCODE = 'P0001';
   END $$`,
  'CREATE TRIGGER "telling" BEFORE INSERT ON "users" FOR EACH ROW EXECUTE FUNCTION "telling"()',
];

afterEach(() =>
  run(
    'ALTER TABLE "users" DROP CONSTRAINT IF EXISTS "nobody"',
    'ALTER TABLE "users" DROP COLUMN IF EXISTS "nickname"',
    'DROP FUNCTION IF EXISTS "telling" CASCADE',
    'TRUNCATE "users"',
  ),
);

function logged() {
  const lines: string[] = [];
  return { logger: pino({ level: 'warn', base: null }, { write: (line) => void lines.push(line) }), lines };
}

/** What is logged when the table takes nothing of a user. */
async function refused() {
  const { platform } = databases;
  const { id } = await seed.user({ username: 'Lovelace', email: 'lovelace@example.com' });
  const { logger, lines } = logged();
  const snapshot = await new UserSnapshots(platform.mongo).ofIds([id as UserId]);
  await new UserCopyRepository(platform.postgres, { follows: true, logger }).write(snapshot);
  expect(lines.length).toBe(1);
  return { id, line: lines[0] ?? '' };
}

const MESSAGE = 'the table users takes no copy of a user';

test.each([
  ['a constraint', [NOTHING_FITS], { code: '23514', constraint: 'nobody' }],
  ['a column that is required', [REQUIRED], { code: '23502', column: 'nickname' }],
  ['a trigger that tells what it was given', TELLING, { code: 'P0001' }],
])(
  'a row that is refused by %s is logged with what refused it, and with nothing of what it holds',
  async (...given) => {
    const [, statements, why] = given;
    await run(...statements);
    const { id, line } = await refused();
    const { level, time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    expect([level, time]).toEqual([50, expect.any(Number)]);
    expect(rest).toEqual({ user: id, ...why, msg: MESSAGE });
    expect(line).not.toMatch(/lovelace/i);
  },
);

test('so it is where the driver itself was told', async () => {
  await run(
    NOTHING_FITS,
    'CREATE UNIQUE INDEX "one" ON "users" ("email")',
    `INSERT INTO "users" ("id", "email") VALUES ('1', 'lovelace@example.com')`,
  );
  const { logger, lines } = logged();
  for (const values of [`('2', NULL, 'lovelace@example.com')`, `('2', 'Lovelace', 'lovelace@example.com')`]) {
    const error: unknown = await run(`INSERT INTO "users" ("id", "mongoId", "email") VALUES ${values}`).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(pg.DatabaseError);
    logRefused(logger)('2', error);
  }
  await run('DROP INDEX "one"');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { user: '2', code: '23505', constraint: 'one', msg: MESSAGE },
    { user: '2', code: '23514', constraint: 'nobody', msg: MESSAGE },
  ]);
  expect(lines.join('')).not.toMatch(/lovelace/i);
});
