import { setTimeout as rest } from 'node:timers/promises';

/** Whether a promise is settled within so many milliseconds. */
export async function within(patience: number, promise: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const settled = promise.then(
    () => true,
    () => true,
  );
  const late = rest(patience, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([settled, late]);
  } finally {
    timer.abort();
  }
}
