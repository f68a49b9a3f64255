import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { createLogger } from '../../src/platform/logger.js';
import { openPlatform, type Platform } from '../../src/platform/platform.js';
import type { TestDatabases } from './databases.js';
import type { FaultyLink } from './faulty-link.js';
import { Link } from './link.js';

/** The test file's databases as a gateway sees them over a network that can be disturbed. */
export interface LinkedPlatform<L extends FaultyLink = Link> {
  readonly platform: Platform;
  readonly postgres: L;
  readonly mongo: L;
}

/** A second platform on the same databases, through links; they are healed after each test. */
export function useLinks(databases: TestDatabases): LinkedPlatform {
  return useLinksBy(databases, (url) => Link.to(url));
}

/** The same, by links of another make. */
export function useLinksBy<L extends FaultyLink>(
  databases: TestDatabases,
  linkTo: (url: string) => Promise<L>,
): LinkedPlatform<L> {
  let opened: LinkedPlatform<L> | undefined;
  const linked = () => {
    if (opened === undefined) throw new Error('the links are there once the tests run');
    return opened;
  };

  beforeAll(async () => {
    const { databaseUrl, mongodbUri } = databases;
    const [postgres, mongo] = await Promise.all([linkTo(databaseUrl), linkTo(mongodbUri)]);
    const platform = await openPlatform({
      databaseUrl: postgres.url,
      mongodbUri: mongo.url,
      logger: createLogger('silent'),
      applicationName: new URL(databaseUrl).pathname.slice(1),
    });
    opened = { platform, postgres, mongo };
  });
  afterEach(async () => {
    await linked().postgres.heal();
    await linked().mongo.heal();
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
