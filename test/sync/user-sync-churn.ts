import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { expect } from 'vitest';
import { Random } from '../../src/cli/seeding/random.js';
import { clusterTimeOf, type ClusterTime } from '../../src/platform/mongo/cluster-time.js';
import type { Platform } from '../../src/platform/platform.js';
import type { TestDatabases } from '../support/databases.js';
import { sql } from '../support/rows.js';
import { usersIn } from './user-sync-support.js';

const { ObjectId } = mongoose.mongo.BSON;

interface ChurnOptions {
  readonly seed: number;
  /** So many at least, and more until `isEnough`. */
  readonly writes: number;
  readonly isEnough?: () => boolean;
  /** How long a lane rests after a write, in milliseconds. */
  readonly rest?: number;
  /** Whether writes may fail: whether they were made does not matter then. */
  readonly mayFail?: boolean;
}

const LANES = 8;

/** Users who come, change and go in MongoDB, the same for the same seed; it knows when each of its writes was. */
export class Churn {
  readonly #platform: Platform;
  readonly #times = new Map<string, ClusterTime[]>();
  /** How many were made. */
  writes = 0;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Each lane has users of its own, so that what they end as does not depend on who is faster. */
  async run(options: ChurnOptions): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, (_, lane) => this.#lane(lane, options)));
  }

  /** The same, and looks again and again until it has ended. */
  async runAndLook(options: ChurnOptions, databases: TestDatabases): Promise<void> {
    let isRunning = true;
    const looking = async () => {
      while (isRunning) {
        await this.look(databases);
        await sleep(100);
      }
    };
    const running = this.run(options).finally(() => (isRunning = false));
    await Promise.all([running, looking()]);
    await this.look(databases);
  }

  async #lane(
    lane: number,
    { seed, writes, isEnough = () => true, rest = 0, mayFail = false }: ChurnOptions,
  ): Promise<void> {
    const random = new Random(seed, lane);
    const living: mongoose.mongo.ObjectId[] = [];
    const session = this.#platform.mongo.connection.getClient().startSession({ causalConsistency: true });
    try {
      for (let at = 0; at < writes / LANES || !isEnough(); at += 1) {
        const id = await this.#write(random, living, session).catch((error: unknown) => {
          if (mayFail) return null;
          throw error;
        });
        if (id !== null) {
          const times = this.#times.get(id) ?? [];
          this.#times.set(id, [...times, clusterTimeOf(session.operationTime)]);
          this.writes += 1;
        }
        if (rest > 0) await sleep(rest);
      }
    } finally {
      await session.endSession();
    }
  }

  async #write(random: Random, living: mongoose.mongo.ObjectId[], session: mongoose.mongo.ClientSession) {
    const users = usersIn(this.#platform);
    const at = random.below(living.length + 1);
    const known = living[at];
    const number = random.below(1_000_000);
    if (known === undefined || random.isIn(0.3)) {
      const id = new ObjectId();
      await users.insertOne({ _id: id, username: `user ${number}`, email: `${number}@example.com` }, { session });
      living.push(id);
      return id.toHexString();
    }
    if (random.isIn(0.3)) {
      living.splice(at, 1);
      await users.deleteOne({ _id: known }, { session });
    } else {
      const change = random.pick<mongoose.mongo.UpdateFilter<mongoose.mongo.Document>>([
        { $set: { username: `user ${number}` } },
        { $set: { email: `${number}@example.com`, power: number } },
        { $set: { locCode: `LOC${number}` }, $unset: { email: 1 } },
      ]);
      await users.updateOne({ _id: known }, change, { session });
    }
    return known.toHexString();
  }

  /**
   * Whether the checkpoint is ahead of the rows: each user who was written up to it has a copy that is no older.
   *
   * @returns how far it was
   */
  async look({ databaseUrl }: TestDatabases): Promise<string | null> {
    const [seen] = await sql(
      databaseUrl,
      `SELECT (SELECT jsonb_object_agg("mongoId", "sourceVersion") FROM users) AS "versions",
         (SELECT "coveredTo" FROM tandem_sync WHERE "phase" IS NULL) AS "coveredTo"`,
    );
    const { versions, coveredTo } = seen as { versions: Record<string, string> | null; coveredTo: string | null };
    if (coveredTo === null) return null;
    const ahead = [...this.#times].filter(([id, times]) => {
      const last = times.filter((time) => time <= coveredTo).at(-1);
      return last !== undefined && (versions?.[id] ?? '') < last;
    });
    expect(ahead, 'users of whom the checkpoint says more than the copy').toEqual([]);
    return coveredTo;
  }
}
