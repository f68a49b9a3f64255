import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import mongoose from 'mongoose';
import { asEmbeddedServer, type EmbeddedServer, type EmbeddedServerOptions } from './embedded-server.js';
import { resolveMongod } from './mongod-binary.js';
import { stopStrayServers } from './processes.mjs';
import { awaitReady, startOnFreePort } from './readiness.js';
import { startServerProcess, type StopSteps } from './server-process.js';

export interface EmbeddedMongoOptions extends EmbeddedServerOptions {
  /** Where a downloaded mongod is kept, for every checkout of this user. */
  cacheDirectory: string;
}

type Admin = ReturnType<mongoose.mongo.Db['admin']>;

const STOP_STEPS: StopSteps = [
  { signal: 'SIGINT', withinMs: 15_000 },
  { signal: 'SIGKILL', withinMs: 5_000 },
];

const PASSING = /Address already in use|SocketException|DBPathInUse/;

/**
 * A real MongoDB on 127.0.0.1, a replica set of one (so transactions and change streams work), with its data in
 * `directory`, which a later start finds again.
 */
export async function startEmbeddedMongo(options: EmbeddedMongoOptions): Promise<EmbeddedServer> {
  const { cacheDirectory, durable, onProgress, onExit } = options;
  const directory = path.resolve(options.directory);
  const data = path.join(directory, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  const mongod = await resolveMongod({ cacheDirectory, onProgress });
  await stopStrayServers(data);

  onProgress?.(undefined, 'starting');
  return startOnFreePort({
    portFile: path.join(directory, 'port'),
    passing: PASSING,
    start: async (port) => {
      const logFile = path.join(directory, 'server.log');
      const args = settings(port, data);
      const server = await startServerProcess({ command: mongod, args, logFile, stopSteps: STOP_STEPS, onExit });
      const address = `127.0.0.1:${String(port)}`;
      const isReady = (): Promise<boolean> => ensurePrimary(address, durable);
      await awaitReady({ name: 'MongoDB', server, logFile, withinMs: 60_000, isReady });
      return asEmbeddedServer(addressOf(port), server);
    },
  });
}

function addressOf(port: number | string): string {
  return `mongodb://127.0.0.1:${port}/tandem?replicaSet=rs0&directConnection=true`;
}

/** The address of the one that a live process has started on this folder. @throws when none ever ran there */
export async function runningMongo(directory: string): Promise<string> {
  return addressOf((await readFile(path.join(directory, 'port'), 'utf8')).trim());
}

function settings(port: number, data: string): string[] {
  return [
    ...['--port', String(port), '--bind_ip', '127.0.0.1', '--replSet', 'rs0', '--quiet'],
    ...(process.platform === 'win32' ? [] : ['--nounixsocket']),
    ...['--wiredTigerCacheSizeGB', '0.25', '--oplogSize', '256'],
    ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
    // Nobody else could take over, so a stop has nobody to wait for.
    ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=0'],
    ...['--dbpath', data],
  ];
}

/** In milliseconds; an election takes one or two seconds. */
const ELECTION_TIMEOUT = 15_000;

/** True once this node is the primary of its own replica set, which is made, or told the new address, on the way. */
async function ensurePrimary(address: string, durable: boolean): Promise<boolean> {
  const client = new mongoose.mongo.MongoClient(`mongodb://${address}/?directConnection=true`, {
    serverSelectionTimeoutMS: 5_000,
  });
  try {
    const admin = client.db('admin').admin();
    // Whoever waits for this gives up by its own clock; it must not be held in here.
    const deadline = Date.now() + ELECTION_TIMEOUT;
    while (Date.now() < deadline) {
      const hello = await admin.command({ hello: 1 });
      if (hello['isWritablePrimary'] === true) return true;
      await configure(admin, address, durable);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return false;
  } finally {
    await client.close();
  }
}

async function configure(admin: Admin, address: string, durable: boolean): Promise<void> {
  const current = await readConfig(admin);
  if (current === undefined) {
    const config = { _id: 'rs0', members: [{ _id: 0, host: address }], writeConcernMajorityJournalDefault: durable };
    await admin.command({ replSetInitiate: config });
    return;
  }
  const [member] = current.members;
  if (member === undefined || member.host === address) return;
  // The node does not find itself under its old address, so there is no primary who could agree: hence by force.
  const moved = { ...current, version: current.version + 1, members: [{ ...member, host: address }] };
  await admin.command({ replSetReconfig: moved, force: true });
}

interface ReplicaSetConfig {
  version: number;
  members: { host: string }[];
}

const NOT_YET_INITIALIZED = 94;

async function readConfig(admin: Admin): Promise<ReplicaSetConfig | undefined> {
  try {
    const answer = await admin.command({ replSetGetConfig: 1 });
    return answer['config'] as ReplicaSetConfig;
  } catch (error) {
    if (error instanceof mongoose.mongo.MongoServerError && error.code === NOT_YET_INITIALIZED) return undefined;
    throw error;
  }
}
