/** npm passes a Ctrl-C on that the terminal has sent us as well: so soon after the first, it is the same one. */
const SAME_SIGNAL = 2_000;

/**
 * Aborted by the first signal that ends a process, so that it ends in order; a later one is somebody who will not wait.
 */
export function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  let since = 0;
  const onSignal = (): void => {
    if (!stopping.signal.aborted) {
      since = performance.now();
      stopping.abort();
    } else if (performance.now() - since > SAME_SIGNAL) process.exit(1);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  return stopping.signal;
}
