import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** For how many seconds: SOAK_SECONDS=120 npm test -- test/abuse/soak.test.ts; absent, it is left out. */
export function soakSeconds(): number {
  return Number(process.env['SOAK_SECONDS'] ?? 0);
}

/** The heap in MB, of what is still needed. */
export function heapNeeded(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** By how much the values grow, from one point to the next, by least squares. */
export function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const mean = (of: 'x' | 'y') => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [meanX, meanY] = [mean('x'), mean('y')];
  const covariance = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
}
