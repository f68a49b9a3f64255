import { existsSync } from 'node:fs';
import type { Config } from '../config.js';
import type { Feature } from '../gateway/feature.js';

/** The configuration names a feature that is not there. */
export class UnknownFeatureError extends Error {
  readonly code = 'UNKNOWN_FEATURE';
}

/** What is loaded when nobody says what; in production nothing is. */
const USUAL = ['playground'];

/** What a feature's file exports: the feature, or what makes it of its settings. */
type Exported = Feature | ((config: Config) => Feature);

/**
 * Loads the features that are wanted, and the code of no other.
 *
 * @throws {UnknownFeatureError} for a name that is none
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
  const { feature } = (await import(url.href)) as { feature: Exported };
  return typeof feature === 'function' ? feature(config) : feature;
}

function place(name: string): URL {
  return new URL(`../features/${encodeURIComponent(name)}/feature.js`, import.meta.url);
}
