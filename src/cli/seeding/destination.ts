/** How many rows there are of a kind. */
export interface RowCounts {
  /** Of this seeding. */
  readonly own: number;
  /** Of anybody else. */
  readonly others: number;
}

/** So many of others are counted, and one more: nobody waits to be told how many more there are. */
export const COUNTED = 1_000_000;

/** Where the rows of one kind go. */
export interface Destination {
  /** What they are called: `orders`. */
  readonly name: string;
  /** How many there are to be. */
  readonly planned: number;
  /** @param upTo so many of others, and one more */
  count(upTo?: number): Promise<RowCounts>;
  /**
   * Writes the rows from an index to before another; those that are there already stay.
   *
   * @throws {AppError} as the database's `write` does; other errors of the driver as they come
   */
  write(from: number, to: number): Promise<void>;
  /** A statement that removes the rows of this seeding and no other, for people to paste. */
  readonly removal: string;
}
