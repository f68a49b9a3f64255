import { existsSync } from 'node:fs';
import type { Feature } from '../gateway/feature.js';

/** The configuration names a feature that is not there. */
export class UnknownFeatureError extends Error {
  readonly code = 'UNKNOWN_FEATURE';
}

/** What is loaded when nobody says what; in production nothing is. */
const USUAL = ['playground'];

/**
 * Loads the features that are wanted, and the code of no other.
 *
 * @param names null for the usual ones, as far as they are there
 * @throws {UnknownFeatureError} for a name that is none
 */
export async function loadFeatures(names: readonly string[] | null, production: boolean): Promise<readonly Feature[]> {
  const wanted = names ?? (production ? [] : USUAL.filter((name) => existsSync(place(name))));
  return Promise.all(wanted.map(load));
}

async function load(name: string): Promise<Feature> {
  const url = place(name);
  if (!existsSync(url)) throw new UnknownFeatureError(`FEATURES names "${name}", which is none: see src/features/`);
  const { feature } = (await import(url.href)) as { feature: Feature };
  return feature;
}

function place(name: string): URL {
  return new URL(`../features/${encodeURIComponent(name)}/feature.js`, import.meta.url);
}
