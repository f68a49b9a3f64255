-- Only where one is missing: the lock that ALTER TABLE takes stops everybody, also when it has nothing to do. A column
-- with a constant default is added without the rows being written anew. A view cannot be altered: it gets them from the
-- table beneath it.
DO $$
DECLARE
    present TEXT[] := ARRAY(
        SELECT attname FROM pg_attribute WHERE attrelid = '"orders"'::regclass AND NOT attisdropped
    );
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = '"orders"'::regclass) NOT IN ('r', 'p') THEN
        RETURN;
    END IF;
    IF NOT 'transactionState' = ANY (present) THEN
        ALTER TABLE "orders" ADD COLUMN "transactionState" TEXT NOT NULL DEFAULT 'NONE';
    END IF;
    IF NOT 'transactionError' = ANY (present) THEN
        ALTER TABLE "orders" ADD COLUMN "transactionError" TEXT;
    END IF;
    -- CREATE or DELETE while a write to both databases is under way: nobody sees the order then.
    IF NOT 'unfinished' = ANY (present) THEN
        ALTER TABLE "orders" ADD COLUMN "unfinished" TEXT;
    END IF;
    -- Until when somebody writes to MongoDB for this order, alone. In the past: somebody did, and never said how it ended.
    IF NOT 'settlingUntil' = ANY (present) THEN
        ALTER TABLE "orders" ADD COLUMN "settlingUntil" TIMESTAMPTZ(6);
    END IF;
END
$$;

-- What was asked for under which key, and what the client was told.
CREATE TABLE IF NOT EXISTS "tandem_idempotency_keys" (
    "actor" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "orderId" UUID,
    "outcome" JSONB,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" TIMESTAMPTZ(6),
    CONSTRAINT "tandem_idempotency_keys_pkey" PRIMARY KEY ("actor", "key")
);

CREATE INDEX IF NOT EXISTS "tandem_idempotency_keys_orderId_idx" ON "tandem_idempotency_keys" ("orderId");

CREATE INDEX IF NOT EXISTS "tandem_idempotency_keys_createdAt_idx" ON "tandem_idempotency_keys" ("createdAt");

CREATE INDEX IF NOT EXISTS "tandem_idempotency_keys_open_idx" ON "tandem_idempotency_keys" ("createdAt")
    WHERE "outcome" IS NULL;

-- Users who are being deleted, or were a short while ago: no order is created for them.
CREATE TABLE IF NOT EXISTS "tandem_user_deletions" (
    "userId" TEXT NOT NULL,
    -- Whether copies of the user's name and e-mail are emptied.
    "erases" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" TIMESTAMPTZ(6),
    CONSTRAINT "tandem_user_deletions_pkey" PRIMARY KEY ("userId")
);

-- Orders whose key in MongoDB is held by a tombstone, until nothing can be on its way there any more.
CREATE TABLE IF NOT EXISTS "tandem_tombstones" (
    "orderId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "tandem_tombstones_pkey" PRIMARY KEY ("orderId")
);

-- Processes that work on jobs: each holds an advisory lock on its name while it lives.
CREATE TABLE IF NOT EXISTS "tandem_workers" (
    "id" TEXT NOT NULL,
    "seenAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "tandem_workers_pkey" PRIMARY KEY ("id")
);
