-- The copy of MongoDB's users. Texts compare as MongoDB compares them. A users table that is already there keeps its rows,
-- and gets what it lacks.
CREATE TABLE IF NOT EXISTS "users" (
    "id" TEXT NOT NULL,
    "mongoId" TEXT,
    "username" TEXT COLLATE "C",
    "email" TEXT COLLATE "C",
    "locCode" TEXT COLLATE "C",
    "power" INTEGER,
    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- Only where one is missing: the lock that ALTER TABLE takes stops everybody, also when it has nothing to do.
DO $$
DECLARE
    missing RECORD;
    required TEXT;
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = '"users"'::regclass) NOT IN ('r', 'p') THEN
        RETURN;
    END IF;
    FOR missing IN
        SELECT * FROM (VALUES
            ('mongoId', 'TEXT'),
            ('username', 'TEXT COLLATE "C"'),
            ('email', 'TEXT COLLATE "C"'),
            ('locCode', 'TEXT COLLATE "C"'),
            ('power', 'INTEGER'),
            -- Another row has the e-mail address, and the table takes it once only: this one goes without.
            ('emailConflict', 'BOOLEAN NOT NULL DEFAULT false'),
            -- Why the copy is not what MongoDB has: characters that cannot be held here, a value that another row has.
            ('syncProblem', 'TEXT'),
            -- The cluster time of MongoDB's as of which this is what the user is; what is older never replaces it.
            ('sourceVersion', 'TEXT COLLATE "C"'),
            -- The same, of when the name or the e-mail address was another the last time.
            ('namedVersion', 'TEXT COLLATE "C"'),
            ('syncedAt', 'TIMESTAMPTZ(6)'),
            ('deletedAt', 'TIMESTAMPTZ(6)'),
            -- Since when nothing but ids is kept of this person.
            ('erasedAt', 'TIMESTAMPTZ(6)')
        ) AS "columns" ("name", "definition")
        WHERE NOT EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = '"users"'::regclass AND attname = "name" AND NOT attisdropped
        )
    LOOP
        EXECUTE format('ALTER TABLE "users" ADD COLUMN %I %s', missing."name", missing."definition");
    END LOOP;
    -- MongoDB's users may be without a name or an e-mail address, and their passwords are never copied.
    FOR required IN
        SELECT attname FROM pg_attribute
        WHERE attrelid = '"users"'::regclass AND attnum > 0 AND attnotnull AND NOT attisdropped AND attgenerated = ''
          AND (attname IN ('username', 'email', 'locCode', 'power') OR NOT atthasdef AND attname ~* 'passw|^pwd|^salt$')
          AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = attrelid AND indisprimary AND attnum = ANY (indkey))
    LOOP
        EXECUTE format('ALTER TABLE "users" ALTER COLUMN %I DROP NOT NULL', required);
    END LOOP;
    IF NOT EXISTS (
        SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND indkey::text = attnum::text
        WHERE indrelid = '"users"'::regclass AND indisunique AND indimmediate AND indisvalid AND indpred IS NULL
          AND attname = 'mongoId'
    ) THEN
        CREATE UNIQUE INDEX "users_mongoId_key" ON "users" ("mongoId");
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND indkey[0] = attnum
        WHERE indrelid = '"users"'::regclass AND indpred IS NULL AND attname = 'email'
    ) THEN
        CREATE INDEX "users_email_idx" ON "users" ("email");
    END IF;
END
$$;

-- When the copies on an order were made, by us: on orders of others they are not kept up to date.
DO $$
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = '"orders"'::regclass) IN ('r', 'p') AND NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = '"orders"'::regclass AND attname = 'copiedAt' AND NOT attisdropped
    ) THEN
        ALTER TABLE "orders" ADD COLUMN "copiedAt" TIMESTAMPTZ(6);
    END IF;
END
$$;

-- How far the copy of a collection has come, and who makes it.
CREATE TABLE IF NOT EXISTS "tandem_sync" (
    "source" TEXT NOT NULL,
    -- Grows with each leader: what a former one still writes is refused by it.
    "epoch" BIGINT NOT NULL DEFAULT 0,
    "leader" TEXT,
    -- Where the change stream goes on.
    "token" JSONB,
    -- The last change that it has given, and the server's process that it was read from: another process may run from a
    -- back-up, where that change is not to be found.
    "lastChange" JSONB,
    "server" TEXT,
    -- The collection that it is a stream of.
    "collection" TEXT,
    -- The cluster time up to which all changes are in the copy, and the time at which that was so.
    "coveredTo" TEXT COLLATE "C",
    "freshAt" TIMESTAMPTZ(6),
    -- What a backfill is at, if one is under way: "users", then "deletions"; and the last key that is done.
    "phase" TEXT,
    "after" TEXT,
    "backfillFrom" TEXT COLLATE "C",
    "backfillDone" BIGINT NOT NULL DEFAULT 0,
    "backfillTotal" BIGINT,
    "backfillStartedAt" TIMESTAMPTZ(6),
    "backfilledAt" TIMESTAMPTZ(6),
    -- Since when another is asked for.
    "requestedAt" TIMESTAMPTZ(6),
    -- What keeps the copy from being kept.
    "problem" TEXT,
    "problemAt" TIMESTAMPTZ(6),
    CONSTRAINT "tandem_sync_pkey" PRIMARY KEY ("source")
);

-- What was mended, and what was there before. One without an "after" was begun by a process that died.
CREATE TABLE IF NOT EXISTS "tandem_repairs" (
    "id" UUID NOT NULL,
    "runId" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "policy" TEXT NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "tandem_repairs_pkey" PRIMARY KEY ("id")
);

CREATE INDEX IF NOT EXISTS "tandem_repairs_runId_idx" ON "tandem_repairs" ("runId");
