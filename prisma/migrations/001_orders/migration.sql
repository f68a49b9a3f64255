-- An orders table that is already there keeps its rows and gets what it lacks.
CREATE TABLE IF NOT EXISTS "orders" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "userId" TEXT NOT NULL,
    "orderNumber" TEXT NOT NULL,
    "total" NUMERIC(10, 2) NOT NULL,
    "userName" TEXT,
    "userEmail" TEXT,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "orders_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "orders_orderNumber_key" UNIQUE ("orderNumber")
);

ALTER TABLE "orders" ADD COLUMN IF NOT EXISTS "userName" TEXT;
ALTER TABLE "orders" ADD COLUMN IF NOT EXISTS "userEmail" TEXT;

-- Lists are newest first, ties by id.
CREATE INDEX IF NOT EXISTS "orders_createdAt_id_idx" ON "orders" ("createdAt" DESC, "id" DESC);
