import mongoose from 'mongoose';
import type { Finding } from '../finding.js';
import type { Document } from './document.js';
import type { MongoDatabase } from './mongo.js';
import { CURSOR_OPTIONS } from './session.js';

/**
 * Says why documents of these collections may be there and not be seen: then a document that is not found is not proved
 * to be absent.
 *
 * @param collections by the names that their sources have
 * @returns one finding for each reason; none where every document is seen
 * @throws {AppError} MONGO_UNAVAILABLE
 */
export async function hiddenDocuments(
  mongo: MongoDatabase,
  collections: readonly string[],
): Promise<readonly Finding[]> {
  const names = collections.map((name) => mongo.nameOf(name));
  const found: Finding[] = (await isPrimaryAsked(mongo)) ? [] : names.map(ofSecondary);
  // One after the other: each command at the same time would take a connection of its own.
  for (const name of names) found.push(...(await ofCollection(mongo, name)));
  return found;
}

/** An address with `directConnection` leads to whatever server it names. */
async function isPrimaryAsked(mongo: MongoDatabase): Promise<boolean> {
  const hello = await mongo.run((db) => db.command({ hello: 1 }, { readPreference: 'primary' }));
  return hello['isWritablePrimary'] === true;
}

async function ofCollection(mongo: MongoDatabase, name: string): Promise<readonly Finding[]> {
  if (!(await isReadable(mongo, name))) return [unreadable(mongo, name)];
  const isShowing = await showsAll(mongo, name);
  return isShowing ? [] : [ofView(name)];
}

const UNAUTHORIZED = 13;

/** Whether the server refused a read because of who asks. */
export function isReadRefused(error: unknown): boolean {
  return error instanceof mongoose.mongo.MongoServerError && error.code === UNAUTHORIZED;
}

async function isReadable(mongo: MongoDatabase, name: string): Promise<boolean> {
  try {
    await mongo.run((db, { maxTimeMS, signal }) =>
      db.collection(name).findOne({}, { projection: { _id: 1 }, readPreference: 'primary', maxTimeMS, signal }),
    );
    return true;
  } catch (error) {
    if (isReadRefused(error)) return false;
    throw error;
  }
}

/** Whether a collection is none of those that leave documents out: a view may, by its pipeline or by one beneath it. */
async function showsAll(mongo: MongoDatabase, name: string): Promise<boolean> {
  const [named] = await list(mongo, name, { nameOnly: true, authorizedCollections: true });
  // One that is not there hides nothing.
  if (named?.['type'] !== 'view') return true;
  try {
    const [view] = await list(mongo, name, {});
    const { viewOn, pipeline } = (view?.['options'] ?? {}) as { viewOn?: string; pipeline?: readonly Document[] };
    if (viewOn === undefined || pipeline === undefined) return false;
    return pipeline.every(keepsDocuments) && (await showsAll(mongo, viewOn));
  } catch (error) {
    // Who may read the view need not be told what it is made of.
    if (isReadRefused(error)) return false;
    throw error;
  }
}

function list(mongo: MongoDatabase, name: string, options: object): Promise<readonly Document[]> {
  return mongo.run((db, { signal }) =>
    db.listCollections({ name }, { ...options, readPreference: 'primary', signal }).toArray(),
  );
}

/** Stages that give as many documents as they take, each under its own `_id`. */
function keepsDocuments(stage: Document): boolean {
  return Object.entries(stage).every(([operator, value]) => {
    if (operator === '$unset') return [value].flat().every((path) => !isId(String(path)));
    if (operator === '$set' || operator === '$addFields') return keepsId(value, []);
    return operator === '$project' && keepsId(value, [1, true]);
  });
}

function keepsId(fields: unknown, allowed: readonly unknown[]): boolean {
  return Object.entries(fields as object).every(([path, value]) => !isId(path) || allowed.includes(value));
}

function isId(path: string): boolean {
  return path === '_id' || path.startsWith('_id.');
}

function ofView(name: string): Finding {
  return {
    severity: 'warning',
    about: name,
    problem: `${name} is a view of MongoDB that may leave documents out: its pipeline does more than choose and name fields`,
    remedy: 'name the collection beneath in MONGODB_COLLECTIONS, or make the view of $project, $set and $unset alone',
  };
}

function unreadable({ connection }: MongoDatabase, name: string): Finding {
  return {
    severity: 'warning',
    about: name,
    problem: `the user of MONGODB_URI may not read ${name}`,
    remedy: `db.grantRolesToUser("user", [{ role: "read", db: "${connection.name}" }]) in mongosh`,
  };
}

function ofSecondary(name: string): Finding {
  return {
    severity: 'warning',
    about: name,
    problem: `a server that is not the primary answers for ${name}, which may lack the newest documents`,
    remedy: 'name all servers of the set in MONGODB_URI, with ?replicaSet= and without directConnection',
  };
}

/**
 * The keys of the documents that the primary has by now, whatever the other members of its replica set know.
 *
 * @param filter of the query language
 * @param level `linearizable` fails unless most members confirm that the primary still is the primary
 * @param timeout how long the server may take, in milliseconds
 * @throws {AppError} MONGO_UNAVAILABLE; the driver's error where the server has no such level
 */
export async function keysAtPrimary(
  mongo: MongoDatabase,
  collection: string,
  filter: Document,
  level: 'local' | 'linearizable' = 'local',
  timeout?: number,
): Promise<readonly unknown[]> {
  const documents = await mongo.run(
    (db, limits) =>
      db
        .collection(collection)
        .find(filter, { projection: { _id: 1 }, readConcern: { level }, ...CURSOR_OPTIONS, ...limits })
        .toArray(),
    timeout,
  );
  return documents.map(({ _id }): unknown => _id);
}
