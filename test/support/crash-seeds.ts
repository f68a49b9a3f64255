/**
 * The seeds of the rounds in which processes are killed at random moments: one, or as many as CRASH_ROUNDS says, from
 * CRASH_SEED on. A round that failed is made again by its seed.
 */
export function crashSeeds(): readonly number[] {
  const { CRASH_ROUNDS = '1', CRASH_SEED = '1' } = process.env;
  return Array.from({ length: Number(CRASH_ROUNDS) }, (_, at) => Number(CRASH_SEED) + at);
}
