// Makes docs/images/playground.png anew, from a gateway that serves the demonstration data.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
// The root's, as its tests have it.
import { chromium } from 'playwright-core';
import { findBrowser, NO_BROWSER } from '../test/support/find-browser.mjs';

const [address = 'http://127.0.0.1:4000/graphql'] = process.argv.slice(2);
const IMAGE = path.join(import.meta.dirname, '..', 'docs', 'images', 'playground.png');

const executablePath = findBrowser();
if (executablePath === null) throw new Error(NO_BROWSER);
mkdirSync(path.dirname(IMAGE), { recursive: true });

const browser = await chromium.launch({ executablePath });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
  // Wide enough for an e-mail address.
  await page.addInitScript(
    "localStorage['graphiql:docExplorerFlex'] = 0.27; localStorage['graphiql:editorFlex'] = 0.84",
  );
  await page.goto(address);
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  // Its last line has signs that the fonts of a machine without a screen lack.
  await page.addStyleTag({ content: '.ruru-footer { display: none }' });
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByRole('link', { name: 'Order', exact: true }).click();
  await page.getByRole('button', { name: 'Execute query' }).click();
  await page.locator('.result-window').getByText('username').first().waitFor();
  await page.mouse.move(900, 795);
  await page.waitForTimeout(1000); // what fades, has faded
  await page.screenshot({ path: IMAGE });
} finally {
  await browser.close();
}
