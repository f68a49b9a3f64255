import { rounds } from './long.js';

/** Calls over links that are cut all the time, half of them of each database's: `CUT_CALLS=1600 npm test` makes more. */
export const CUT_CALLS = Number(process.env['CUT_CALLS'] ?? rounds(100, 1_600));
