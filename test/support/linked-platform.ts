import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import type { TestDatabases } from './databases.js';
import { Link } from './link.js';

/** The test file's databases as a gateway sees them over a network that can be disturbed. */
export interface LinkedPlatform {
  readonly platform: Platform;
  readonly postgres: Link;
  readonly mongo: Link;
}

/** A second platform on the same databases, through links; they are healed after each test. */
export function useLinks(databases: TestDatabases): LinkedPlatform {
  let opened: LinkedPlatform | undefined;
  const linked = () => {
    if (opened === undefined) throw new Error('the links are there once the tests run');
    return opened;
  };

  beforeAll(async () => {
    const { databaseUrl, mongodbUri } = databases;
    const [postgres, mongo] = await Promise.all([Link.to(databaseUrl), Link.to(mongodbUri)]);
    const platform = await openPlatform({
      databaseUrl: postgres.url,
      mongodbUri: mongo.url,
      logger: createLogger('silent'),
      applicationName: new URL(databaseUrl).pathname.slice(1),
    });
    opened = { platform, postgres, mongo };
  });
  afterEach(async () => {
    linked().postgres.heal();
    linked().mongo.heal();
    await answering(linked().platform);
  });
  afterAll(async () => {
    if (opened === undefined) return;
    await opened.platform[Symbol.asyncDispose]();
    await Promise.all([opened.postgres[Symbol.asyncDispose](), opened.mongo[Symbol.asyncDispose]()]);
  });

  return {
    get platform() {
      return linked().platform;
    },
    get postgres() {
      return linked().postgres;
    },
    get mongo() {
      return linked().mongo;
    },
  };
}

/** A driver that has lost its server looks for it again a moment later. */
async function answering({ postgres, mongo }: Platform): Promise<void> {
  await vi.waitFor(() => Promise.all([postgres.query('SELECT 1'), mongo.run((db) => db.command({ ping: 1 }))]), {
    timeout: 15_000,
  });
}
