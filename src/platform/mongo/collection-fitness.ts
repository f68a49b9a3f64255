import type { Source } from '../../join/source.js';
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
  return sources
    .filter(({ database }) => database === 'mongo')
    .flatMap(({ from }) => {
      const name = mongo.nameOf(from);
      const collection = there.find((one) => one.name === name);
      return collection === undefined ? [absent(from, name, mongo, there, elsewhere)] : ofType(collection);
    });
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
  if (type === 'collection') return [];
  return [
    {
      severity: 'warning',
      about: name,
      problem: `${name} is a ${type}: what is to be written to it may be refused`,
      remedy:
        type === 'view'
          ? 'create the indexes that joins need on the collection beneath'
          : 'nothing, where it is only read through the graph',
    },
  ];
}
