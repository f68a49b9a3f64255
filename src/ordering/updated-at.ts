/**
 * The unit in which a column of "orders" keeps times: a millisecond where it is finer (the graph shows no more), a day of a
 * `date`. PostgreSQL rounds to it, up as well, so what is written has to be a multiple of it. It is read by each statement:
 * the column may be altered while the gateway runs.
 */
export function unitOf(column: 'createdAt' | 'updatedAt'): string {
  return `(
    SELECT CASE WHEN "base"."typname" = 'date' THEN interval '1 day'
      ELSE make_interval(secs => 10::float8 ^ -LEAST(COALESCE(NULLIF(
        CASE WHEN "type"."typtype" = 'd' THEN "type"."typtypmod" ELSE "atttypmod" END, -1), 3), 3)) END
    FROM pg_attribute
    JOIN pg_type AS "type" ON "type"."oid" = "atttypid"
    JOIN pg_type AS "base" ON "base"."oid" = COALESCE(NULLIF("type"."typbasetype", 0), "type"."oid")
    WHERE "attrelid" = '"orders"'::regclass AND "attname" = '${column}')`;
}

/** A time, rounded down to a column's unit. */
export function floored(time: string, column: 'createdAt' | 'updatedAt'): string {
  return `date_bin(${unitOf(column)}, ${time}, timestamptz 'epoch')`;
}

/** The `updatedAt` of an order as the graph shows it. */
export const SHOWN_UPDATED_AT = `date_trunc('milliseconds', "updatedAt")`;

const UNIT = unitOf('updatedAt');

/**
 * The next `updatedAt` of an order: now, rounded down, and never earlier than it was. In a column that keeps milliseconds
 * it is later by a millisecond at least, so that it tells a client who has read the row before. In a coarser one it stays
 * within one unit: a later time would lie in the future.
 */
export const NEXT_UPDATED_AT = `GREATEST(
  ${floored('clock_timestamp()', 'updatedAt')},
  CASE WHEN ${UNIT} <= interval '1 millisecond' OR ${SHOWN_UPDATED_AT} >= clock_timestamp() + ${UNIT}
    THEN ${SHOWN_UPDATED_AT} + ${UNIT} ELSE ${SHOWN_UPDATED_AT} END
)`;

/**
 * A condition: the next `updatedAt` differs from this one, so that clients can tell the two states apart. Without an
 * expected time it is waived in columns that keep no seconds.
 *
 * @param expected a parameter: `$4::text`
 */
export function growsNow(expected: string): string {
  return `(${expected} IS NULL AND ${UNIT} > interval '1 second' OR ${SHOWN_UPDATED_AT} IS NULL
    OR ${NEXT_UPDATED_AT} > ${SHOWN_UPDATED_AT})`;
}

/** In how many seconds the next `updatedAt` differs from this one; null where it has none. */
export const GROWS_IN = `EXTRACT(EPOCH FROM ${SHOWN_UPDATED_AT} + ${UNIT} - clock_timestamp())::float8`;
