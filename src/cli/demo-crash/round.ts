import { setTimeout as sleep } from 'node:timers/promises';
import { auditTransactions, type TransactionAudit } from '../../audit/transactions.js';
import type { Platform } from '../../platform/platform.js';
import type { Random } from '../seeding/random.js';
import type { OrderAnswer, OrderCall, OrderClient } from './order-client.js';
import type { TandemProcess } from './tandem-process.js';

export interface RoundOptions {
  readonly gateway: TandemProcess;
  readonly client: OrderClient;
  readonly platform: Platform;
  readonly calls: readonly OrderCall[];
  /** How often the gateway is killed while it answers them. */
  readonly kills: number;
  readonly random: Random;
  readonly say: (line: string) => void;
  readonly stopping?: AbortSignal;
}

/** What a round came to, as its clients and the audit see it. */
export interface RoundResult {
  readonly acknowledged: number;
  readonly refused: readonly string[];
  /** Calls that had no answer in all the time. */
  readonly unanswered: number;
  /** Orders that were acknowledged and are not there, or whose transaction is not. */
  readonly lost: number;
  /** Orders of a key beside the one that was acknowledged, and transactions beside an order's one. */
  readonly doubles: number;
  /** Transactions without their order, and whatever else a refused order has left. */
  readonly orphans: number;
  /** Calls that got another answer when they were made again at the end. */
  readonly changedAnswers: number;
  /** Seconds from the moment that the gateway answered again for the last time until nothing was left to be done. */
  readonly quietAfter: number;
  readonly audit: TransactionAudit;
}

/** Calls at once. */
const AT_ONCE = 16;

/** How long it may take until nothing is left to be done, in milliseconds; a round that takes longer is judged as it is. */
const QUIET_TIMEOUT = 30_000;

/**
 * Makes the calls, kills the gateway at random moments of them and starts it again, waits until nothing is left to be
 * done, makes all calls once more, and looks at what is there.
 */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { client, platform, calls } = options;
  const answers = new Map<OrderCall, OrderAnswer>();
  const failed = new AbortController();
  const stopping = AbortSignal.any([failed.signal, ...(options.stopping === undefined ? [] : [options.stopping])]);
  const abort = (error: unknown): never => {
    failed.abort();
    throw error;
  };
  const [, restartedAt] = await Promise.all([
    makeCalls(client, calls, stopping, (call, answer) => answers.set(call, answer)).catch(abort),
    killAtTimes(options, stopping, () => answers.size).catch(abort),
  ]);
  await quiet(platform, options.stopping);
  const quietAfter = (performance.now() - restartedAt) / 1_000;
  let changedAnswers = 0;
  await makeCalls(client, calls, stopping, (call, answer) => {
    if (JSON.stringify(answer) !== JSON.stringify(answers.get(call))) changedAnswers += 1;
  });
  const found = await client.orderIds();
  return {
    ...judged([...answers.values()], found, await quiet(platform, options.stopping)),
    changedAnswers,
    quietAfter,
  };
}

/** Whether all is as it was promised. */
export function isSound({ refused, unanswered, lost, doubles, orphans, changedAnswers, audit }: RoundResult): boolean {
  return refused.length + unanswered + lost + doubles + orphans + changedAnswers === 0 && audit.isSound;
}

/** What a newcomer reads last. */
export function summaryOf({ acknowledged, lost, doubles, orphans }: RoundResult): string {
  return `${acknowledged.toLocaleString('en')} acknowledged, ${lost} lost, ${doubles} double, ${orphans} orphans`;
}

function judged(answers: readonly OrderAnswer[], found: ReadonlySet<string>, audit: TransactionAudit) {
  const acknowledged = new Set(answers.flatMap((answer) => (answer.kind === 'acknowledged' ? [answer.orderId] : [])));
  const refused = answers.flatMap((answer) => (answer.kind === 'refused' ? [answer.code] : []));
  const gone = [...acknowledged].filter((id) => !found.has(id)).length;
  const unasked = [...found].filter((id) => !acknowledged.has(id)).length;
  return {
    acknowledged: answers.filter(({ kind }) => kind === 'acknowledged').length,
    refused,
    unanswered: answers.filter(({ kind }) => kind === 'unanswered').length,
    lost: gone + audit.lost.count,
    doubles: unasked + audit.doubles.count,
    orphans: audit.orphans.count + audit.leftovers.count,
    audit,
  };
}

async function makeCalls(
  client: OrderClient,
  calls: readonly OrderCall[],
  stopping: AbortSignal,
  onAnswer: (call: OrderCall, answer: OrderAnswer) => void,
): Promise<void> {
  const rest = calls.values();
  const lane = async (): Promise<void> => {
    for (const call of rest) {
      stopping.throwIfAborted();
      onAnswer(call, await client.createOrder(call));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Returns when the gateway answered again for the last time, by `performance.now()`. */
async function killAtTimes(options: RoundOptions, stopping: AbortSignal, answered: () => number): Promise<number> {
  const { gateway, calls, kills, random, say } = options;
  let restartedAt = performance.now();
  for (const [at, moment] of momentsOf(calls.length, kills, random).entries()) {
    while (answered() < moment) await sleep(2, undefined, { signal: stopping });
    // Not always just behind an answer.
    await sleep(random.below(40), undefined, { signal: stopping });
    const done = answered();
    await gateway.kill();
    const killedAt = performance.now();
    await gateway.start();
    restartedAt = performance.now();
    const seconds = ((restartedAt - killedAt) / 1_000).toFixed(1);
    say(`kill -9, ${at + 1} of ${kills}: after ${done} of ${calls.length} answers; answers again after ${seconds} s`);
  }
  return restartedAt;
}

/** After how many answers the gateway is killed; the last time near the end, so that little else is left to be done. */
function momentsOf(calls: number, kills: number, random: Random): readonly number[] {
  const moments = Array.from({ length: kills }, (_, at) =>
    at === 0 ? Math.floor(calls * (0.9 + 0.08 * random.unit())) : random.below(Math.ceil(calls * 0.9)),
  );
  return moments.sort((a, b) => a - b);
}

/** The audit once nothing is under way, or the time is up. */
export async function quiet(platform: Platform, stopping?: AbortSignal): Promise<TransactionAudit> {
  const until = performance.now() + QUIET_TIMEOUT;
  for (;;) {
    stopping?.throwIfAborted();
    const audit = await auditTransactions(platform);
    if ((audit.unfinished === 0 && audit.waiting === 0) || performance.now() > until) return audit;
    await sleep(100);
  }
}
