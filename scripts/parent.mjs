// @ts-check

/**
 * Ends this process, in order, when the npm that started it vanishes: `kill -9` of npm reaches nobody else, and a
 * server that nobody sees any more would keep its port and its data. (package.json's `exec` makes npm our parent: the
 * shell in between, which would die of npm's signals without passing them on, gives way to us.)
 */
export function endWithNpm() {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer); // a second signal would cut the orderly end short
    process.kill(process.pid, 'SIGTERM');
  }, 1_000).unref();
}
