import type { ReferenceReader } from '../../audit/reference-reader.js';
import { databaseIn, maskedUrl, withDatabase } from '../../platform/address.js';
import { RELATIONS, SOURCES } from '../../domains/catalogue.js';
import { examineCollections } from '../../platform/mongo/collection-fitness.js';
import { databasesWith } from '../../platform/mongo/database-name.js';
import { describeIndex, missingIndexes, neededIndexes } from '../../platform/mongo/indexes.js';
import { hiddenDocuments } from '../../platform/mongo/visible-documents.js';
import type { MongoDatabase } from '../../platform/mongo/mongo.js';
import { allSharedIds } from '../../platform/mongo/shared-ids.js';
import type { Address } from './address.js';
import { failure, guarded, ok, warning, type Check } from './check.js';
import type { Contents } from './postgres-contents.js';
import { codesOf } from './reason.js';
import { visibilityChecks } from './visibility-check.js';
import { counted, list } from './words.js';

const OURS = SOURCES.filter(({ database }) => database === 'mongo');
const COLLECTIONS = OURS.map(({ from }) => from);

interface Examined {
  readonly mongo: MongoDatabase;
  readonly address: Address;
  /** MONGODB_COLLECTIONS. */
  readonly collections: Readonly<Record<string, string>>;
  readonly references: ReferenceReader;
}

/** Looks at collections, indexes and what we may do. Changes nothing. */
export async function examineMongo(examined: Examined): Promise<Contents> {
  const { mongo, address } = examined;
  const checks = [...nameChecks(examined), ...(await guarded('mongo.database', () => databaseChecks(examined)))];
  if (checks.some(({ status }) => status === 'error')) return { checks, unreadable: new Set(COLLECTIONS) };
  const unreadable = new Set<string>();
  checks.push(...(await guarded('mongo.reads', () => readCheck(mongo, unreadable))));
  if (unreadable.size > 0) return { checks, unreadable };
  return {
    checks: [
      ...checks,
      ...(await guarded('mongo.privileges', () => privilegeCheck(mongo))),
      ...(await guarded('mongo.collections', () => collectionChecks(mongo, address))),
      ...(await guarded('mongo.ids', () => idChecks(mongo))),
      ...(await guarded('mongo.indexes', () => indexCheck(mongo, address))),
      ...(await guarded('mongo.visibility', () => seenChecks(mongo))),
      ...(await guarded('mongo.rows', () => rowChecks(examined))),
    ],
    unreadable,
  };
}

function nameChecks({ collections }: Examined): readonly Check[] {
  const unknown = Object.keys(collections).filter((name) => !COLLECTIONS.includes(name));
  if (unknown.length === 0) return [];
  const message = `MONGODB_COLLECTIONS names ${list(unknown)}, which the graph does not read; npm start refuses it`;
  const remedy = `MONGODB_COLLECTIONS takes ${COLLECTIONS.map((name) => `${name}=its_name`).join(',')}`;
  return [failure('mongo.database', message, remedy, { unknown })];
}

/** Without a name in the address the driver takes `test`. */
async function databaseChecks({ mongo, address }: Examined): Promise<readonly Check[]> {
  const { name } = mongo.connection;
  if (!address.own || databaseIn(address.url) !== null) return [];
  const id = 'mongo.database';
  const message = `MONGODB_URI names no database, so the driver takes "${name}"`;
  const others = await databasesWith(
    mongo,
    COLLECTIONS.map((name) => mongo.nameOf(name)),
  );
  const data = { database: name, others };
  if (others.includes(name)) return [ok(id, `${message}, which has the collections`, data)];
  if (others.length === 0) return [warning(id, message, 'put a name behind the host: mongodb://host:27017/name', data)];
  const addresses = others.map((other) => maskedUrl(withDatabase(address.url, other)));
  return [failure(id, `${message}, which has none of the collections`, `MONGODB_URI=${addresses.join(' or ')}`, data)];
}

const UNAUTHORIZED = '13';

/** One document of each collection, as a majority of the servers has it. What may not be read is added. */
async function readCheck(mongo: MongoDatabase, unreadable: Set<string>): Promise<readonly Check[]> {
  const id = 'mongo.reads';
  for (const name of COLLECTIONS) {
    try {
      await mongo.run((db, { maxTimeMS }) =>
        db
          .collection(mongo.nameOf(name))
          .findOne({}, { projection: { _id: 1 }, readConcern: { level: 'majority' }, maxTimeMS }),
      );
    } catch (error) {
      if (!codesOf(error).has(UNAUTHORIZED)) throw error;
      unreadable.add(name);
    }
  }
  const refused = [...unreadable].map((name) => mongo.nameOf(name));
  if (refused.length === 0) return [ok(id, `${list(COLLECTIONS)} can be read, with read concern majority too`)];
  const message = `whoever signs in by MONGODB_URI, or does not, may not read ${list(refused)}`;
  const role = `db.grantRolesToUser("user", [{ role: "read", db: "${mongo.connection.name}" }])`;
  return [failure(id, message, `name a user in MONGODB_URI who may: ${role}`, { refused })];
}

interface Privilege {
  readonly resource: { readonly db?: string; readonly collection?: string; readonly anyResource?: boolean };
  readonly actions: readonly string[];
}

interface AuthInfo {
  readonly authenticatedUsers: readonly { readonly user: string }[];
  readonly authenticatedUserPrivileges?: readonly Privilege[];
}

/** Where nobody has to sign in, everybody may do everything. */
async function privilegeCheck(mongo: MongoDatabase): Promise<readonly Check[]> {
  const answer = await mongo.run((db) => db.command({ connectionStatus: 1, showPrivileges: true }));
  const { authenticatedUsers, authenticatedUserPrivileges = [] } = answer['authInfo'] as AuthInfo;
  const [user] = authenticatedUsers;
  const id = 'mongo.privileges';
  if (user === undefined) return [ok(id, 'nobody has to sign in to read and write', { writes: true, refused: [] })];
  const may = (collection: string, action: string) =>
    authenticatedUserPrivileges.some(({ resource, actions }) => {
      const isDatabase = resource.db === '' || resource.db === mongo.connection.name;
      const isCollection = resource.collection === '' || resource.collection === collection;
      return actions.includes(action) && (resource.anyResource === true || (isDatabase && isCollection));
    });
  const refused = COLLECTIONS.map((name) => mongo.nameOf(name)).filter(
    (name) => !['insert', 'update', 'remove'].every((action) => may(name, action)),
  );
  const data = { writes: refused.length === 0, refused };
  if (refused.length === 0) return [ok(id, `${user.user} may read and write`, data)];
  const role = `db.grantRolesToUser("${user.user}", [{ role: "readWrite", db: "${mongo.connection.name}" }])`;
  const message = `${user.user} may not write to ${list(refused)}: mutations that would answer READ_ONLY`;
  return [warning(id, message, `nothing, if reading is all that is wanted; else in mongosh: ${role}`, data)];
}

async function collectionChecks(mongo: MongoDatabase, { own }: Address): Promise<readonly Check[]> {
  const id = 'mongo.collections';
  const findings = await examineCollections(mongo, OURS);
  if (findings.length === 0) return [ok(id, `${list(COLLECTIONS.map((name) => mongo.nameOf(name)))} are there`)];
  return findings.map(({ severity, about, problem, remedy }) => {
    const finding = severity === 'refused' ? failure : warning;
    return finding(id, problem, own ? remedy : 'npm start (it fills embedded databases by itself)', { about });
  });
}

/** Keys that are looked at: those that are no ObjectIds, which are few mostly. */
const MOST_KEYS = 100_000;

async function idChecks(mongo: MongoDatabase): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const source of OURS) {
    const collection = mongo.nameOf(source.from);
    const { count, examples, isWhole } = await allSharedIds(mongo, source, MOST_KEYS);
    if (count === 0) continue;
    const those = examples.map(({ id, types }) => `${id} (_id of type ${types.join(' and ')})`);
    const message =
      `${collection}: ${isWhole ? '' : 'at least '}${counted(count, 'id')} of several documents each; one of them is ` +
      'read and copied, and a write to the id is NOT_UNIQUE';
    const remedy = 'in MongoDB, insert all but one of each under another _id, and delete them under this one';
    const data = { collection, count, isExact: isWhole, examples: examples.map(({ id, types }) => ({ id, types })) };
    checks.push({ ...warning('mongo.ids', message, remedy, data), details: those });
  }
  return checks.length > 0 ? checks : [ok('mongo.ids', `no two documents of ${list(COLLECTIONS)} have one id`)];
}

async function indexCheck(mongo: MongoDatabase, { own }: Address): Promise<readonly Check[]> {
  const id = 'mongo.indexes';
  const missing = (await missingIndexes(mongo, neededIndexes(SOURCES, RELATIONS))).map((index) =>
    describeIndex({ ...index, collection: mongo.nameOf(index.collection) }),
  );
  if (missing.length === 0) return [ok(id, 'every index that lists and joins need is there', { missing })];
  const message = `${counted(missing.length, 'index')} missing: answers are right, and slow once there are many documents`;
  const remedy = own ? 'npm run migrate creates them' : 'npm start (it creates them by itself)';
  return [{ ...warning(id, message, remedy, { missing }), details: missing }];
}

async function seenChecks(mongo: MongoDatabase): Promise<readonly Check[]> {
  const names = COLLECTIONS.map((name) => mongo.nameOf(name));
  return visibilityChecks('mongo', names, await hiddenDocuments(mongo, COLLECTIONS));
}

async function rowChecks({ mongo, references }: Examined): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const source of OURS) {
    const { rows, isExact } = await references.size(source, 0);
    const collection = mongo.nameOf(source.from);
    const message = `${collection}: ${rows > 0 ? 'about ' : ''}${counted(rows, 'document')}`;
    checks.push(ok('mongo.rows', message, { collection, rows, isExact }));
  }
  return checks;
}
