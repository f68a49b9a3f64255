import { existsSync } from 'node:fs';
import type { Config } from '../config.js';
import type { Feature } from '../gateway/feature.js';

/** The configuration names a feature that is not there. */
export class UnknownFeatureError extends Error {
  readonly code = 'UNKNOWN_FEATURE';
}

/** A feature needs a package that was not installed. */
export class MissingPackageError extends Error {
  readonly code = 'FEATURE_PACKAGE_MISSING';
}

/** What is loaded when nobody says what; in production nothing is. */
const USUAL = ['playground'];

/** What a feature's file exports: the feature, or what makes it of its settings. */
type Exported = Feature | ((config: Config) => Feature);

/**
 * Loads the features that are wanted, and the code of no other.
 *
 * @throws {UnknownFeatureError} for a name that is none
 * @throws {MissingPackageError} for one whose library is not there
 * @throws {ConfigError} for a feature's own setting that is wrong
 */
export async function loadFeatures(config: Config): Promise<readonly Feature[]> {
  const { features, production, corsOrigins } = config;
  const named = features ?? (production ? [] : USUAL.filter((name) => existsSync(place(name))));
  const wanted = new Set(corsOrigins === null ? named : ['cors', ...named]);
  return Promise.all(Array.from(wanted, (name) => load(name, config)));
}

async function load(name: string, config: Config): Promise<Feature> {
  const url = place(name);
  if (!existsSync(url)) {
    const asked =
      config.features?.includes(name) === true ? `FEATURES names "${name}"` : `CORS_ORIGINS needs "${name}"`;
    throw new UnknownFeatureError(`${asked}, which is none: see src/features/`);
  }
  const { feature } = await imported(name, url);
  return typeof feature === 'function' ? feature(config) : feature;
}

/** The libraries of features are optional, so that the core installs without them. */
async function imported(name: string, url: URL): Promise<{ feature: Exported }> {
  try {
    return (await import(url.href)) as { feature: Exported };
  } catch (error) {
    const missing = /Cannot find package '([^']+)'/.exec(error instanceof Error ? error.message : '')?.[1];
    if (missing === undefined) throw error;
    throw new MissingPackageError(
      `FEATURES names "${name}", which needs the package ${missing}, and that is not installed: ` +
        'npm ci (without --omit=optional) installs it, or leave the feature out',
    );
  }
}

function place(name: string): URL {
  return new URL(`../features/${encodeURIComponent(name)}/feature.js`, import.meta.url);
}
