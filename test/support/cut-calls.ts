/** Calls that are made over links that are cut all the time, half of them in each database: `CUT_CALLS=1600 npm test` makes more. */
export const CUT_CALLS = Number(process.env['CUT_CALLS'] ?? 400);
