import type { Random } from '../seeding/random.js';
import type { OrderCall } from './order-client.js';

type Mode = OrderCall['transaction'];

/** Calls for orders of these users, the modes taking turns. The same seed makes the same calls. */
export function callsOf(
  count: number,
  options: { userIds: readonly [string, ...string[]]; modes: readonly [Mode, ...Mode[]]; random: Random; keys: string },
): readonly OrderCall[] {
  const { userIds, modes, random, keys } = options;
  return Array.from({ length: count }, (_, at) => ({
    userId: random.pick(userIds),
    total: `${random.below(1_000)}.${String(random.below(100)).padStart(2, '0')}`,
    transaction: modes[at % modes.length] ?? modes[0],
    idempotencyKey: `${keys}-${at}`,
  }));
}
