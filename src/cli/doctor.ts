import { parseArgs } from 'node:util';
import { ConfigError, loadConfig, type Config } from '../config.js';
import { DataDirectoryInUseError } from '../platform/embedded/data-lock.js';
import { inSilence, type CommandOptions, type Task } from '../platform/task.js';
import { provideDatabases, type Databases } from './databases.js';
import { failure, guarded, type Check } from './doctor/check.js';
import { examineDatabases, namedDatabases } from './doctor/examination.js';
import { examineInstallation } from './doctor/installation.js';
import { checksAsJson, countOf, describeChecks } from './doctor/report.js';
import { reasonOf } from './doctor/reason.js';

const HELP = `usage: npx tandem doctor [--json] [--help]

Looks at both databases, the joins between them and this installation, and changes nothing: which servers, migrations
and indexes there are, and how many references lead nowhere. Each finding comes with its remedy.

  --json   one JSON document on standard output, for programs
  --help   this

It ends with 0 when nothing is wrong or there are warnings only, with 1 on errors, with 2 when it was called wrongly.
`;

const EXIT = { fine: 0, errors: 1, usage: 2 } as const;

/** `npx tandem doctor`: looks, tells what it has found and what to do about it, and changes nothing. */
export async function main({ task, argv }: CommandOptions): Promise<void> {
  // Whoever reads no further (`| head`) is not told the rest; the examination still ends in order.
  process.stdout.on('error', () => undefined);
  const { json, help, wrong } = parse(argv);
  if (help || wrong !== null) {
    if (wrong === null) process.stdout.write(HELP);
    else process.stderr.write(`${wrong}\n\n${HELP}`);
    process.exitCode = wrong === null ? EXIT.fine : EXIT.usage;
    return;
  }
  const checks = await examine(json ? inSilence : task);
  process.stdout.write(json ? checksAsJson(checks) : `\n${describeChecks(checks)}`);
  process.exitCode = countOf(checks, 'error') > 0 ? EXIT.errors : EXIT.fine;
}

function parse(argv: readonly string[]): { json: boolean; help: boolean; wrong: string | null } {
  try {
    const options = { json: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    const { values } = parseArgs({ args: [...argv], options, strict: true });
    return { json: values.json === true, help: values.help === true, wrong: null };
  } catch (error) {
    // What comes behind the first sentence is about programs' own options.
    return { json: false, help: false, wrong: reasonOf(error).replace(/\..*$/s, '') };
  }
}

async function examine(task: Task): Promise<readonly Check[]> {
  const settings = settingsOf();
  const { config } = settings;
  const databases = config === null ? [] : await examineThose(config, task);
  // Afterwards: it reads many files at once, and who is to answer in a millisecond would wait for that.
  return [...databases, ...settings.checks, ...(await examineInstallation(config))];
}

function settingsOf(): { readonly config: Config | null; readonly checks: readonly Check[] } {
  try {
    return { config: loadConfig(), checks: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [message = '', ...lines] = error.message.split('\n');
    const remedy = 'correct them in the environment or in .env; .env.example has them all';
    const wrong = lines.map((line) => line.trim());
    const found = failure('installation.settings', `${message.replace(/:$/, '')}; no database was looked at`, remedy, {
      wrong,
    });
    return { config: null, checks: [{ ...found, details: wrong }] };
  }
}

async function examineThose(config: Config, task: Task): Promise<readonly Check[]> {
  const { databases, checks } = await provide(config, task);
  const found = await guarded('installation.data', () => examineDatabases(databases, task));
  const stopped = await guarded('installation.data', async () => {
    await databases.stop();
    return [];
  });
  return [...found, ...checks, ...stopped];
}

/** Embedded databases that cannot be had are a finding; those that settings name are looked at all the same. */
async function provide(
  config: Config,
  task: Task,
): Promise<{ readonly databases: Databases; readonly checks: readonly Check[] }> {
  try {
    return { databases: await provideDatabases(config, task, () => undefined), checks: [] };
  } catch (error) {
    return { databases: namedDatabases(config), checks: [notProvided(config, error)] };
  }
}

function notProvided({ databaseUrl, mongodbUri, dataDirectory }: Config, error: unknown): Check {
  const wanted = [...(databaseUrl === null ? ['PostgreSQL'] : []), ...(mongodbUri === null ? ['MongoDB'] : [])];
  const what = `the embedded ${wanted.join(' and ')}`;
  if (error instanceof DataDirectoryInUseError) {
    return failure(
      'installation.data',
      `${what} could not be looked at: process ${error.pid}, "npm start" most likely, uses ${dataDirectory}`,
      'stop it, then run this again; or name databases of your own: DATABASE_URL=... MONGODB_URI=... npx tandem doctor',
      { directory: dataDirectory, pid: error.pid },
    );
  }
  const [reason = '', ...details] = (error instanceof Error ? error.message : String(error)).split('\n');
  const remedy = 'name databases of your own: DATABASE_URL and MONGODB_URI';
  const found = failure('installation.data', `${what} could not be started: ${reason}`, remedy, {
    directory: dataDirectory,
  });
  return { ...found, details };
}
