// A Tandem in a process of its own, for tests that kill it: node embedded-owner.mjs <compiled folder> <data> <cache>.
// Prints one line of JSON once its databases run.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , compiled = '', directory = '', cacheDirectory = ''] = process.argv;
const { startEmbeddedDatabases } = await import(pathToFileURL(path.join(compiled, 'databases.js')).href);

const databases = await startEmbeddedDatabases({
  directory,
  cacheDirectory,
  durable: false,
  need: { postgres: true, mongo: true },
  onTask: (/** @type {string} */ _title, /** @type {Function} */ work) => work(() => undefined),
});
process.stdout.write(`${JSON.stringify({ postgresUrl: databases.postgresUrl, mongoUrl: databases.mongoUrl })}\n`);
setInterval(() => undefined, 60_000);
