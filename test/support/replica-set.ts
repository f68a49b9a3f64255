import { setTimeout as sleep } from 'node:timers/promises';
import type mongoose from 'mongoose';
import { startStandaloneMongod, withClient, type StandaloneMongod } from './mongod.js';

const NAME = 'three';

/** A replica set of three members, each a process of its own. */
export interface ReplicaSet {
  readonly url: string;
  /** Makes another member the primary, as an election does; the connections to the former one break. */
  readonly stepDown: () => Promise<void>;
  /** Ends the primary for good, as kill -9 does. */
  readonly killPrimary: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** @param database in its URL */
export async function startReplicaSet(database: string): Promise<ReplicaSet> {
  const members = await Promise.all(Array.from({ length: 3 }, startMember));
  const living = new Set(members);
  const url = `mongodb://${members.map(({ address }) => address).join(',')}/${database}?replicaSet=${NAME}`;
  await initiate(members.map((member) => ({ member })));
  const primary = () => awaitPrimary([...living]);
  await primary();
  return {
    url,
    stepDown: async () => {
      const { address } = await primary();
      // The one that steps down may close the connection before it answers.
      const stepDown = { replSetStepDown: 10, secondaryCatchUpPeriodSecs: 5 };
      await admin(address, (db) => db.command(stepDown)).catch(() => undefined);
      await primary();
    },
    killPrimary: async () => {
      const member = await primary();
      living.delete(member);
      await member.stop();
      await primary();
    },
    stop: async () => {
      await Promise.all(members.map((member) => member.stop()));
    },
  };
}

/** A replica set of two members that hold data, and of one that only votes. */
export interface SetWithArbiter {
  readonly url: string;
  /** Runs work while the other member with data is dead: most members then know nothing that is written meanwhile. */
  readonly whileSecondaryIsDead: (work: () => Promise<void>) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** @param database in its URL */
export async function startSetWithArbiter(database: string): Promise<SetWithArbiter> {
  const [first, second, arbiter] = await Promise.all([startMember(), startMember(), startMember()]);
  const members = [first, second, arbiter];
  await initiate([{ member: first, priority: 2 }, { member: second }, { member: arbiter, arbiterOnly: true }]);
  const isFirst = async () => (await awaitPrimary([first, second])) === first;
  while (!(await isFirst())) await sleep(200);
  await isSecondary(second);
  return {
    url: `mongodb://${first.address},${second.address}/${database}?replicaSet=${NAME}`,
    whileSecondaryIsDead: (work) => second.restart(work),
    stop: async () => {
      await Promise.all(members.map((member) => member.stop()));
    },
  };
}

function startMember(): Promise<StandaloneMongod> {
  return startStandaloneMongod(['--replSet', NAME], 'directConnection=true');
}

async function isSecondary({ address }: StandaloneMongod): Promise<void> {
  for (;;) {
    const hello = await admin(address, (db) => db.command({ hello: 1 })).catch(() => null);
    if (hello?.['secondary'] === true) return;
    await sleep(100);
  }
}

interface Member {
  readonly member: StandaloneMongod;
  readonly priority?: number;
  readonly arbiterOnly?: boolean;
}

async function initiate(members: readonly Member[]): Promise<void> {
  const [first] = members;
  const config = {
    _id: NAME,
    members: members.map(({ member: { address }, ...more }, _id) => ({ _id, host: address, ...more })),
    settings: { electionTimeoutMillis: 2_000 },
  };
  await admin(first?.member.address ?? '', (db) => db.command({ replSetInitiate: config }));
}

async function awaitPrimary(members: readonly StandaloneMongod[]): Promise<StandaloneMongod> {
  for (;;) {
    for (const member of members) {
      const hello = await admin(member.address, (db) => db.command({ hello: 1 })).catch(() => null);
      if (hello?.['isWritablePrimary'] === true) return member;
    }
    await sleep(200);
  }
}

function admin<T>(address: string, work: (db: mongoose.mongo.Db) => Promise<T>): Promise<T> {
  return withClient(`mongodb://${address}/?directConnection=true`, (client) => work(client.db('admin')));
}
