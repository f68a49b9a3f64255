/** Whether the long suite runs (`npm run test:long`), which repeats what `npm test` tries a few times. */
const IS_LONG = process.env['TANDEM_TEST_LONG'] === '1';

/** How often a test repeats its rounds: a number for `npm test`, and one for the long suite. */
export function rounds(usual: number, long: number): number {
  return IS_LONG ? long : usual;
}
