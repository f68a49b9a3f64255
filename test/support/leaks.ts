import { afterAll, beforeAll, vi } from 'vitest';
import { TIMINGS } from '../../src/platform/timings.js';

// Test files share a process and its modules. What one of them leaves behind meets the next: it fails the file that left it.

/** Servers and child processes close a moment after they were told to. */
const GRACE = 3_000;

/** What only a test starts, and has to end: servers that listen, and child processes. */
const COUNTED = ['TCPServerWrap', 'PipeServerWrap', 'ProcessWrap'];

const EVENTS = ['uncaughtException', 'unhandledRejection', 'warning', 'SIGINT', 'SIGTERM', 'SIGHUP', 'exit', 'message'];

/** What test files can change for each other, by name. */
function shared(): Readonly<Record<string, unknown>> {
  const resources = process.getActiveResourcesInfo();
  return {
    'durations of TIMINGS': JSON.stringify(TIMINGS),
    'environment variables': JSON.stringify(Object.entries(process.env).sort()),
    'working directory': process.cwd(),
    'fake timers': vi.isFakeTimers(),
    fetch: globalThis.fetch,
    ...Object.fromEntries(EVENTS.map((event) => [`listeners to ${event}`, process.listenerCount(event)])),
    ...Object.fromEntries(COUNTED.map((kind) => [kind, resources.filter((one) => one === kind).length])),
  };
}

function changed(before: Readonly<Record<string, unknown>>): string[] {
  const after = shared();
  return Object.keys(before).filter((name) => {
    const [was, is] = [before[name], after[name]];
    // What a file before has left is gone by now.
    return typeof was === 'number' && typeof is === 'number' ? is > was : is !== was;
  });
}

let before: Readonly<Record<string, unknown>>;

beforeAll(() => {
  before = shared();
});

// Vitest runs what was registered first last: after the hooks of the file.
afterAll(async () => {
  const until = performance.now() + GRACE;
  let left = changed(before);
  while (left.length > 0 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    left = changed(before);
  }
  if (left.length > 0) throw new Error(`this test file leaves to the next: ${left.join(', ')}`);
});
