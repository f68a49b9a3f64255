/** The next `updatedAt` of an order: later by a millisecond at least, so that whoever has read the row can be told by it. */
export const NEXT_UPDATED_AT = `GREATEST(
  date_trunc('milliseconds', clock_timestamp()),
  date_trunc('milliseconds', "updatedAt") + interval '1 millisecond'
)`;
