import { isAppError } from '../../errors/app-error.js';
import { KEY, storedName, type Source } from '../../join/source.js';
import type { Finding } from '../finding.js';
import { databasesWith } from './database-name.js';
import type { MongoDatabase } from './mongo.js';

interface Collection {
  readonly name: string;
  /** `collection`, `view` or `timeseries`. */
  readonly type: string;
}

/** What of the collections that sources lie in is not as it could be; whatever their documents hold is read. Changes nothing. */
export async function examineCollections(
  mongo: MongoDatabase,
  sources: readonly Source[],
): Promise<readonly Finding[]> {
  const found = await mongo.run((db, { signal }) =>
    db.listCollections({}, { nameOnly: true, authorizedCollections: true, signal }).toArray(),
  );
  const there: readonly Collection[] = found.map(({ name, type = 'collection' }) => ({ name, type }));
  const ours = sources.filter(({ database }) => database === 'mongo').map(({ from }) => mongo.nameOf(from));
  const hasNone = !there.some(({ name }) => ours.includes(name));
  const elsewhere = hasNone ? await databasesWith(mongo, ours) : [];
  const findings: Finding[] = [];
  for (const source of sources.filter(({ database }) => database === 'mongo')) {
    const name = mongo.nameOf(source.from);
    const collection = there.find((one) => one.name === name);
    if (collection === undefined) findings.push(absent(source.from, name, mongo, there, elsewhere));
    else findings.push(...ofType(collection), ...(await ofDoubling(mongo, source)));
  }
  return findings;
}

/** Where no index keeps two documents of one `_id` apart: that, and how many there are. */
async function ofDoubling(mongo: MongoDatabase, source: Source): Promise<Finding[]> {
  const why = mongo.doublingOf(source.from);
  if (why === null) return [];
  const name = mongo.nameOf(source.from);
  const promise: Finding = {
    severity: 'warning',
    about: name,
    problem: `${name} is ${why}: what has to be written once is refused there (NOT_UNIQUE), as is an order with REQUIRED or EVENTUAL`,
    remedy:
      'nothing, where it is only read through the graph; else keep it as a plain collection, or shard it by "_id"',
  };
  return [promise, ...(await doubled(mongo, source))];
}

/** How many values of the key, and of each reference to a row in the other database, several documents hold. */
async function doubled(mongo: MongoDatabase, source: Source): Promise<Finding[]> {
  const name = mongo.nameOf(source.from);
  const references = Object.keys(source.fields).filter(
    (field) => source.fields[field]?.kind === 'uuid' && field !== KEY,
  );
  const about = `${name}.${storedName(source, KEY)}`;
  try {
    const counts = [];
    for (const field of [KEY, ...references]) counts.push(await severalHold(mongo, name, storedName(source, field)));
    const [ids = 0, ...others] = counts;
    if (ids === 0) return [];
    const also = references.map((field, at) => `, and ${others[at] ?? 0} "${storedName(source, field)}"`).join('');
    return [
      {
        severity: 'warning',
        about,
        problem: `${ids} "_id" of ${name} ${ids === 1 ? 'is' : 'are'} held by several documents${also}`,
        remedy:
          'keep one document of each: compare their amounts with their orders ("npm run audit -- --transactions")',
      },
    ];
  } catch (error) {
    if (!isAppError(error, 'MONGO_UNAVAILABLE')) throw error;
    const problem = `whether several documents of ${name} hold one "_id" could not be seen in the time that a command has`;
    return [{ severity: 'warning', about, problem, remedy: 'count them in mongosh, by $group' }];
  }
}

async function severalHold(mongo: MongoDatabase, name: string, field: string): Promise<number> {
  const stages = [
    { $match: { [field]: { $exists: true } } },
    { $group: { _id: `$${field}`, documents: { $sum: 1 } } },
    { $match: { documents: { $gt: 1 } } },
    { $count: 'values' },
  ];
  const [row] = await mongo.run((db, { maxTimeMS, signal }) =>
    db.collection(name).aggregate<{ values: number }>(stages, { allowDiskUse: true, maxTimeMS, signal }).toArray(),
  );
  return row?.values ?? 0;
}

function absent(
  from: string,
  name: string,
  mongo: MongoDatabase,
  there: readonly Collection[],
  elsewhere: readonly string[],
): Finding {
  const others = there.map((one) => one.name).filter((other) => !other.startsWith('system.'));
  const shown = others.length === 0 ? 'no collection at all' : `only ${others.slice(0, 10).join(', ')}`;
  return {
    severity: 'warning',
    about: name,
    problem: `the database ${mongo.connection.name} has no collection ${name}, but ${shown}: lists of it are empty`,
    remedy:
      elsewhere.length > 0
        ? `where another database is meant, name it in MONGODB_URI: ${elsewhere.slice(0, 5).join(', ')} on this server has such collections`
        : `where it is called otherwise: MONGODB_COLLECTIONS=${from}=its_name; where it is in another database: MONGODB_URI`,
  };
}

function ofType({ name, type }: Collection): Finding[] {
  if (type !== 'view') return [];
  return [
    {
      severity: 'warning',
      about: name,
      problem: `${name} is a view: what is to be written to it may be refused`,
      remedy: 'create the indexes that joins need on the collection beneath',
    },
  ];
}
