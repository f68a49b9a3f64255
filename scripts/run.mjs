// @ts-check
// node scripts/run.mjs <entry> [arguments]: sets everything up, then runs dist/<entry>.js in this process.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { printFailure } from './failure.mjs';
import { endWithNpm } from './parent.mjs';
import { PROJECT, setup } from './setup.mjs';
import { task } from './tasks.mjs';

const [, , entry = 'main', ...argv] = process.argv;
// `npm run migrate --dry-run`, without the two dashes: npm keeps the option to itself, and it was meant all the same.
if (entry === 'cli/migrate' && process.env['npm_config_dry_run'] === 'true') argv.push('--dry-run');

try {
  endWithNpm();
  await setup({ build: true });
  const { main } = await import(pathToFileURL(path.join(PROJECT, 'dist', `${entry}.js`)).href);
  await main({ task, argv });
  // Not by itself: Prisma's schema engine leaves a timer of 10 s. What was printed goes out first.
  process.stdout.write('', () => process.exit());
} catch (error) {
  printFailure(error);
  // Not by itself: whatever the failed start left open must not keep the process.
  process.exit(error instanceof Error && 'code' in error && error.code === 'USAGE' ? 2 : 1);
}
