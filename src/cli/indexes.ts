import { RELATIONS, SOURCES } from '../domains/catalogue.js';
import * as inMongo from '../platform/mongo/indexes.js';
import type { Platform } from '../platform/platform.js';
import * as inPostgres from '../platform/postgres/indexes.js';

/** The indexes that the graph's lists and joins need and the databases do not have. */
export interface MissingIndexes {
  readonly postgres: readonly inPostgres.NeededIndex[];
  readonly mongo: readonly inMongo.NeededIndex[];
}

/** Looks at both databases and changes nothing. */
export async function missingIndexes({ postgres, mongo }: Platform): Promise<MissingIndexes> {
  return {
    postgres: await inPostgres.missingIndexes(postgres, inPostgres.neededIndexes(SOURCES, RELATIONS)),
    mongo: await inMongo.missingIndexes(mongo, inMongo.neededIndexes(SOURCES, RELATIONS)),
  };
}
