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

-- Only where one is missing: the lock that ALTER TABLE takes stops everybody, also when it has nothing to do.
DO $$
DECLARE
    missing TEXT;
BEGIN
    FOR missing IN
        SELECT name FROM unnest(ARRAY['userName', 'userEmail']) AS name
        WHERE NOT EXISTS (
            SELECT FROM pg_attribute
            WHERE attrelid = '"orders"'::regclass AND attname = name AND NOT attisdropped
        )
    LOOP
        EXECUTE format('ALTER TABLE "orders" ADD COLUMN %I TEXT', missing);
    END LOOP;
END
$$;
