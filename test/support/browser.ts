import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { findBrowser, NO_BROWSER } from './find-browser.mjs';

/** A page, and what became of it. */
export interface WatchedPage {
  readonly page: Page;
  /** Every address of another host that the page or a worker of its asked for; none was reached. */
  readonly outside: readonly string[];
  /** What the browser complained about: exceptions, what the page's policy refused, files that were not there. */
  readonly complaints: readonly string[];
}

/** Opens an address in a profile of its own, in which every other host is out of reach. */
export type OpenPage = (url: string) => Promise<WatchedPage>;

/**
 * A real browser for the test file that calls it. On a machine without one its tests are skipped, and say how to get one;
 * where CI is set, they fail.
 */
export function useBrowser(): OpenPage {
  const executable = findBrowser();
  let browser: Browser | undefined;

  beforeAll(async () => {
    if (executable !== null) browser = await launch(executable);
    else if (process.env['CI'] !== undefined) throw new Error(NO_BROWSER);
    else process.stderr.write(`Skipped: ${NO_BROWSER}\n`);
  });
  beforeEach(({ skip }) => {
    skip(executable === null, NO_BROWSER);
  });
  afterAll(() => browser?.close());

  return async (url) => {
    if (browser === undefined) throw new Error('the browser is there once the tests run');
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const watched = await watch(page, new URL(url).host);
    await page.goto(url);
    return watched;
  };
}

/** It finds no host but this machine, and asks for nothing of its own accord. */
function launch(executablePath: string): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
  const alone = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1';
  return chromium.launch({ executablePath, args: ['--disable-gpu', '--no-first-run', ...quiet, alone] });
}

async function watch(page: Page, host: string): Promise<WatchedPage> {
  const outside: string[] = [];
  const complaints: string[] = [];
  await page.route('**/*', (route) => {
    const url = new URL(route.request().url());
    if (url.host === host) return route.continue();
    outside.push(url.href);
    return route.abort();
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  return { page, outside, complaints };
}
