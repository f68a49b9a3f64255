-- Who asked for a repair; and whether its rows were kept whole, which runs before this migration did not do.
DO $$
DECLARE
    present TEXT[] := ARRAY(
        SELECT attname FROM pg_attribute WHERE attrelid = '"tandem_repairs"'::regclass AND NOT attisdropped
    );
BEGIN
    IF NOT 'actor' = ANY (present) THEN
        ALTER TABLE "tandem_repairs" ADD COLUMN "actor" TEXT;
    END IF;
    IF NOT 'keepsRows' = ANY (present) THEN
        ALTER TABLE "tandem_repairs" ADD COLUMN "keepsRows" BOOLEAN NOT NULL DEFAULT false;
    END IF;
END
$$;

-- Rows and documents as they were before a repair changed or deleted them. "npm run repair -- --undo" brings them back.
CREATE TABLE IF NOT EXISTS "tandem_kept_rows" (
    -- The entry in tandem_repairs.
    "repairId" UUID NOT NULL,
    -- The table or collection: orders, transactions or users.
    "place" TEXT NOT NULL,
    -- The id of the row; of a document its _id, as extended JSON.
    "key" TEXT NOT NULL,
    -- Each column as the text that PostgreSQL reads back as the same value; null where there was no row.
    "before" JSONB,
    -- What the repair left in its place, where it left a row.
    "after" JSONB,
    -- The BSON of a document.
    "document" BYTEA,
    -- The user whose name or address is in "before"; null where there is none in it.
    "userId" TEXT,
    -- Whether a name and an address were emptied because the person was erased.
    "isErased" BOOLEAN NOT NULL DEFAULT false,
    -- Whether the row is being deleted: it is noted once more in the statement that deletes it.
    "isGoing" BOOLEAN NOT NULL DEFAULT false,
    CONSTRAINT "tandem_kept_rows_pkey" PRIMARY KEY ("repairId", "place", "key")
);

CREATE INDEX IF NOT EXISTS "tandem_kept_rows_userId_idx" ON "tandem_kept_rows" ("userId") WHERE "userId" IS NOT NULL;

CREATE INDEX IF NOT EXISTS "tandem_kept_rows_going_idx" ON "tandem_kept_rows" ("key") WHERE "isGoing";
