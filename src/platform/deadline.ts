import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';

interface Bound {
  signal: AbortSignal | null;
}

const bounds = new AsyncLocalStorage<Bound>();

/**
 * Runs `work`, whose reads end with the signal: what runs is cancelled in its database, what still waits for a connection
 * is never sent, and whoever waits for either is told the signal's reason at once. Works that run at the same time never
 * end each other's. Nothing that writes is cancelled: it is no longer waited for.
 */
export function withinDeadline<T>(signal: AbortSignal, work: () => T): T {
  // Each statement listens, and an operation has as many as it has fields.
  setMaxListeners(0, signal);
  return bounds.run({ signal }, work);
}

/** Takes the deadline from all that is running within it. */
export function liftDeadline(): void {
  const bound = bounds.getStore();
  if (bound !== undefined) bound.signal = null;
}

/** Runs `work` that others rely on too, or that has to come to its end. */
export function outsideDeadline<T>(work: () => T): T {
  return bounds.run({ signal: null }, work);
}

/** What ends the reads of whoever asks; null where nothing does. */
export function currentDeadline(): AbortSignal | null {
  return bounds.getStore()?.signal ?? null;
}

/** Waits for `work` no longer than the deadline. @throws the signal's reason */
export async function untilDeadline<T>(work: () => Promise<T>): Promise<T> {
  const signal = currentDeadline();
  if (signal === null) return work();
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const end = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', end, { once: true });
    void work()
      .then(resolve, reject)
      .finally(() => {
        signal.removeEventListener('abort', end);
      });
  });
}
