import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** A copy of graphql, and the packages that get this one when they import it. */
export interface GraphqlCopy {
  /** Its folder, from the project's. */
  readonly path: string;
  readonly version: string;
  readonly usedBy: readonly string[];
  /** Whether Tandem itself, or what it loads when it runs, gets it. */
  readonly isLoaded: boolean;
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * The copies of graphql in a project's node_modules, by the rules by which Node finds packages. Its classes are compared
 * by identity, so that two which are loaded at once refuse each other's schemas.
 */
export function graphqlCopies(project: string): readonly GraphqlCopy[] {
  const root = realpathSync(project);
  const loaded = loadedPackages(root);
  const copies = new Map<string, { readonly usedBy: Set<string>; isLoaded: boolean }>();
  const copyAt = (folder: string) => {
    const copy = copies.get(folder) ?? { usedBy: new Set<string>(), isLoaded: false };
    copies.set(folder, copy);
    return copy;
  };
  for (const folder of new Set([...loaded, ...packagesBelow(path.join(root, 'node_modules'))])) {
    const manifest = manifestOf(folder);
    if (manifest === null) continue;
    if (manifest.name === 'graphql') copyAt(folder);
    const got = 'graphql' in needsOf(manifest) ? resolve('graphql', folder) : null;
    if (got === null) continue;
    const copy = copyAt(got);
    copy.usedBy.add(manifest.name ?? path.basename(folder));
    copy.isLoaded ||= loaded.has(folder);
  }
  return [...copies]
    .map(([folder, { usedBy, isLoaded }]) => ({
      path: path.relative(root, folder),
      version: manifestOf(folder)?.version ?? '(no version)',
      usedBy: [...usedBy].sort(),
      isLoaded,
    }))
    .sort((a, b) => a.path.length - b.path.length);
}

/** The project and, all the way down, what it needs to run. */
function loadedPackages(project: string): ReadonlySet<string> {
  const loaded = new Set([project]);
  for (const folder of loaded) {
    const manifest = manifestOf(folder);
    if (manifest === null) continue;
    for (const name of Object.keys(needsOf(manifest))) {
      const found = resolve(name, folder);
      if (found !== null) loaded.add(found);
    }
  }
  return loaded;
}

function needsOf({ dependencies = {}, peerDependencies = {} }: Manifest): Readonly<Record<string, string>> {
  return { ...peerDependencies, ...dependencies };
}

/** The folder that a package gets when it imports another: the nearest one upwards. */
function resolve(name: string, from: string): string | null {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name);
    if (existsSync(path.join(candidate, 'package.json'))) return realpathSync(candidate);
    if (folder === path.dirname(folder)) return null;
  }
}

/** Every package's folder, nested ones too. Links are not followed: what is loaded through them is known already. */
function* packagesBelow(modules: string): Generator<string> {
  for (const entry of foldersIn(modules)) {
    if (entry.startsWith('.')) continue;
    const names = entry.startsWith('@')
      ? foldersIn(path.join(modules, entry)).map((name) => path.join(entry, name))
      : [entry];
    for (const name of names) {
      const folder = path.join(modules, name);
      yield folder;
      yield* packagesBelow(path.join(folder, 'node_modules'));
    }
  }
}

function foldersIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

function manifestOf(folder: string): Manifest | null {
  try {
    return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return null;
  }
}
