import { maskedUrl } from '../../platform/address.js';
import { MongoDatabase } from '../../platform/mongo/mongo.js';
import { notOpened, type Address } from './address.js';
import { failure, ok, warning, type Check } from './check.js';
import { encryptionCheck } from './encryption.js';
import { clockCheck, measure, pingCheck, type Measurement } from './measurement.js';
import type { Opened } from './postgres-connection.js';
import { reasonOf } from './reason.js';

/** What a MongoDB says of itself and of us. */
export interface MongoFacts extends Measurement {
  readonly version: string;
  readonly database: string;
  /** Null for who has not signed in. */
  readonly user: string | null;
  readonly tls: boolean;
  readonly hosts: readonly string[];
  readonly topology: 'standalone' | 'replica set' | 'sharded cluster';
  readonly replicaSet: string | null;
  /** Whether the server that answered takes writes. */
  readonly isPrimary: boolean;
  readonly readPreference: string;
}

/** `$documents` inside `$lookup`, by which a page for each parent is read, came with it. */
const OLDEST = 6;

export async function openMongo(
  address: Address,
  collections: Readonly<Record<string, string>>,
): Promise<Opened<MongoDatabase>> {
  let database: MongoDatabase | null = null;
  try {
    const opened = await openPatiently(address.url, collections);
    database = opened.mongo;
    return { database, checks: [...checksOf(address, await factsOf(database)), ...(opened.isSlow ? [SLOW] : [])] };
  } catch (error) {
    await database?.[Symbol.asyncDispose]();
    return { database: null, checks: [notOpened(address, error)] };
  }
}

/** Where the second that Tandem waits for a server is not enough, the doctor waits longer: that is a finding of its own. */
async function openPatiently(url: string, collections: Readonly<Record<string, string>>) {
  const options = { applicationName: 'tandem doctor', collections, poolSize: 4 };
  try {
    return { mongo: await MongoDatabase.open({ ...options, url }), isSlow: false };
  } catch (error) {
    if (!/selection timed out/.test(reasonOf(error)) || url.includes(PATIENCE)) throw error;
    return { mongo: await MongoDatabase.open({ ...options, url: patient(url) }), isSlow: true };
  }
}

const PATIENCE = 'serverSelectionTimeoutMS';

function patient(url: string): string {
  const slash = /^[^:]+:\/\/[^/?]*$/.test(url) ? '/' : '';
  return `${url}${slash}${url.includes('?') ? '&' : '?'}${PATIENCE}=5000`;
}

const SLOW = warning(
  'mongo.selection',
  'finding a server and signing in took longer than the second that Tandem waits, so it may not start',
  `MONGODB_URI=...?${PATIENCE}=5000`,
);

async function factsOf(mongo: MongoDatabase): Promise<MongoFacts> {
  const client = mongo.connection.getClient();
  const command = (name: string) => mongo.run((db) => db.admin().command({ [name]: 1 }));
  const hello = await command('hello');
  const { authInfo } = await command('connectionStatus');
  const { version } = await command('buildInfo');
  const [signedIn] = (authInfo as { authenticatedUsers: readonly { user: string }[] }).authenticatedUsers;
  const measured = await measure(async () => Number((await command('hello'))['localTime']));
  return {
    ...measured,
    version: String(version),
    database: mongo.connection.name,
    user: signedIn?.user ?? null,
    tls: client.options.tls,
    hosts: client.options.hosts.map(({ host, socketPath }) => host ?? socketPath ?? ''),
    topology: hello['msg'] === 'isdbgrid' ? 'sharded cluster' : 'setName' in hello ? 'replica set' : 'standalone',
    replicaSet: (hello['setName'] as string | undefined) ?? null,
    isPrimary: hello['isWritablePrimary'] === true,
    readPreference: client.readPreference.mode,
  };
}

export function checksOf({ url, own }: Address, facts: MongoFacts): readonly Check[] {
  const { database, user, tls, hosts } = facts;
  const who = user === null ? 'not signed in' : `as ${user}`;
  return [
    ok('mongo.connection', `${maskedUrl(url)}: database ${database}, ${who}`, {
      address: maskedUrl(url),
      own,
      database,
      user,
    }),
    versionCheck(facts),
    pingCheck('mongo', facts),
    clockCheck('mongo', facts),
    encryptionCheck('mongo', tls ? 'TLS' : null, hosts, 'MONGODB_URI=...?tls=true'),
    topologyCheck(facts),
    primaryCheck(facts),
  ];
}

function versionCheck({ version }: MongoFacts): Check {
  const data = { version, oldest: '6.0' };
  if (Number.parseInt(version) >= OLDEST) return ok('mongo.version', `MongoDB ${version}`, data);
  return failure(
    'mongo.version',
    `MongoDB ${version} is too old: a list for each row is read by what MongoDB 6.0 brought ($documents in $lookup)`,
    'upgrade the server, one major version after the other; 6.0 is the oldest that serves',
    data,
  );
}

function topologyCheck({ topology, replicaSet }: MongoFacts): Check {
  const [id, data] = ['mongo.topology', { topology, replicaSet }];
  if (topology === 'replica set') return ok(id, `the replica set ${String(replicaSet)}`, data);
  if (topology === 'sharded cluster') return ok(id, 'a sharded cluster', data);
  return warning(
    id,
    'a standalone server, without a replica set: it tells of no changes, so users are not copied to PostgreSQL; everything ' +
      'else works',
    'a replica set of one member is enough: start mongod with --replSet rs0, then once in mongosh: rs.initiate()',
    data,
  );
}

function primaryCheck({ isPrimary, readPreference }: MongoFacts): Check {
  const [id, data] = ['mongo.primary', { isPrimary, readPreference }];
  if (!isPrimary) {
    return warning(
      id,
      'the server that answers is not the primary: it takes no writes, and what it shows may be old',
      'name all servers of the set in MONGODB_URI, with ?replicaSet= and without directConnection',
      data,
    );
  }
  if (readPreference === 'primary') return ok(id, 'the primary answers', data);
  return warning(
    id,
    `reads prefer another server than the primary (${readPreference}): after a write they may show what was there before`,
    'take readPreference out of MONGODB_URI, unless that is meant',
    data,
  );
}
