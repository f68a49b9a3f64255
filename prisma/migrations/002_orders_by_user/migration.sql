-- A page of a user's orders is read from it, newest first; MongoDB's id was written in whatever case.
CREATE INDEX IF NOT EXISTS "orders_lower_userId_createdAt_id_idx" ON "orders" (lower("userId"), "createdAt" DESC, "id" DESC);
