import type { Feature } from '../../gateway/feature.js';
import { GuardedReader } from './guarded-reader.js';

/**
 * Asks a database no more that has not answered some reads in a row, for a few seconds: what needs it fails at once, and
 * one read then tries whether it is there again. What writes asks always.
 */
export const feature: Feature = {
  extendPlatform: (platform) => {
    const { readers, logger } = platform;
    const postgres = new GuardedReader('postgres', readers.postgres, logger);
    const mongo = new GuardedReader('mongo', readers.mongo, logger);
    return { ...platform, readers: { postgres, mongo } };
  },
};
