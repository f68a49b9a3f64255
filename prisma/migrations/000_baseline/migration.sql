-- Empty on purpose: marked as applied on a database that already has tables, so that the migrations after it run there.
SELECT 1;
