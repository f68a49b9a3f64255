import { ok, warning, type Check } from './check.js';

/** How far away a server is, and its clock from ours, in milliseconds. */
export interface Measurement {
  readonly pingMs: number;
  /** Positive where the server is ahead. */
  readonly clockMs: number;
}

const ROUNDS = 5;

/** A round trip of this many milliseconds is another city's. */
const FAR = 50;

/** Clocks differ by less on machines that ask for the time. */
const CLOCK_TOLERANCE = 2_000;

/** Asks a server for its time, in milliseconds since 1970, a few times; the quickest answer tells most. */
export async function measure(ask: () => Promise<number>, now: () => number = Date.now): Promise<Measurement> {
  let best: Measurement | null = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [sentAt, startedAt] = [now(), performance.now()];
    const serverTime = await ask();
    const pingMs = performance.now() - startedAt;
    if (best === null || pingMs < best.pingMs) best = { pingMs, clockMs: serverTime - (sentAt + pingMs / 2) };
  }
  return best ?? { pingMs: 0, clockMs: 0 };
}

export function pingCheck(group: string, { pingMs }: Measurement): Check {
  const [id, data] = [`${group}.ping`, { pingMs: rounded(pingMs) }];
  const message = `it answers in ${rounded(pingMs)} ms`;
  if (pingMs < FAR) return ok(id, message, data);
  const remedy = 'run Tandem near its databases: each level of a query waits for one round trip at least';
  return warning(id, message, remedy, data);
}

export function clockCheck(group: string, { clockMs }: Measurement): Check {
  const [id, data] = [`${group}.clock`, { aheadMs: Math.round(clockMs) }];
  if (Math.abs(clockMs) <= CLOCK_TOLERANCE) return ok(id, "its clock agrees with this machine's", data);
  const seconds = (Math.abs(clockMs) / 1_000).toFixed(1);
  return warning(
    id,
    `its clock is ${seconds} s ${clockMs > 0 ? 'ahead of' : 'behind'} this machine's, so times of new rows are too`,
    'let both machines ask for the time (NTP): `timedatectl set-ntp true`',
    data,
  );
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
