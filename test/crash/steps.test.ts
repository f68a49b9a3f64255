import { beforeEach, expect, test } from 'vitest';
import { OrderClient } from '../../src/cli/demo-crash/order-client.js';
import { quiet } from '../../src/cli/demo-crash/round.js';
import type { Step } from '../../src/ordering/protocol.js';
import { useDatabases } from '../support/databases.js';
import { useGraph } from '../support/graph.js';
import { sql } from '../support/rows.js';
import { Seed, type Seeded } from '../support/seed.js';
import { allowAll, refuseAmount, refuseDeletions, report, startCrashing, startHealthyWorker } from './crash-support.js';
import { scenarios, type Scenario } from './scenarios.js';

const databases = useDatabases();
const seed = new Seed(databases);
const execute = useGraph(databases);

beforeEach(() => allowAll(databases.platform));

/** Where a process dies, and in the middle of what. A step that is not listed here does not compile. */
const CRASHES: Readonly<Record<Step, readonly (keyof typeof scenarios)[]>> = {
  orderInserted: ['NONE', 'REQUIRED', 'EVENTUAL', 'refused'],
  transactionRecorded: ['REQUIRED'],
  orderCompleted: ['REQUIRED'],
  transactionRefused: ['refused'],
  keyTaken: ['refusedLater'],
  orderTakenBack: ['refused', 'refusedLater'],
  orderChanged: ['change'],
  amountRecorded: ['EVENTUAL', 'change'],
  recordingNoted: ['EVENTUAL', 'change'],
  orderHidden: ['deletion'],
  transactionsDeleted: ['deletion'],
  orderKept: ['refusedDeletion'],
  orderDeleted: ['deletion'],
  userHeld: ['userDeletion', 'userErasure'],
  userDeleted: ['userDeletion', 'userErasure'],
  goneNoted: ['userErasure'],
  copiesEmptied: ['userErasure'],
  deletionNoted: ['userDeletion'],
};

const cases = (Object.entries(CRASHES) as [Step, readonly (keyof typeof scenarios)[]][]).flatMap(([step, names]) =>
  names.map((name) => [step, name] as const),
);

test.each(cases)(
  'after a crash at %s (%s) another process completes it, and the call made again has its answer',
  async (step, name) => {
    const ada = await seed.user();
    const scenario = scenarios[name];
    await scenario.prepare?.(context(ada));
    const before = await crashAt(step, ada, scenario);

    await startHealthyWorker(databases);
    const startedAt = performance.now();
    expect(await quiet(databases.platform)).toMatchObject({ unfinished: 0, waiting: 0, parked: 0, isSound: true });
    const seconds = (performance.now() - startedAt) / 1_000;
    await checkAnswers(scenario, ada, before);
    await scenario.check(context(ada));
    report(`${step} (${name}): died by SIGKILL; completed ${seconds.toFixed(1)} s after another worker's start`);
    expect(seconds).toBeLessThan(10);
  },
);

/** Where it makes a difference that nobody has completed it before the call is made again. */
const AT_ONCE = [
  ['orderInserted', 'REQUIRED'],
  ['orderInserted', 'EVENTUAL'],
  ['transactionRecorded', 'REQUIRED'],
  ['transactionRefused', 'refused'],
  ['keyTaken', 'refusedLater'],
  ['orderChanged', 'change'],
  ['transactionsDeleted', 'deletion'],
  ['userDeleted', 'userDeletion'],
  ['goneNoted', 'userErasure'],
] as const satisfies readonly (readonly [Step, keyof typeof scenarios])[];

test.each(AT_ONCE)('after a crash at %s (%s) the call made again at once has its answer', async (step, name) => {
  const ada = await seed.user();
  const scenario = scenarios[name];
  await scenario.prepare?.(context(ada));
  const before = await crashAt(step, ada, scenario);

  await checkAnswers(scenario, ada, before);
  await startHealthyWorker(databases);
  expect(await quiet(databases.platform)).toMatchObject({ unfinished: 0, waiting: 0, parked: 0, isSound: true });
  await checkAnswers(scenario, ada, before);
  await scenario.check(context(ada));
});

test('a job whose worker died at each of its tries is done all the same', async () => {
  const ada = await seed.user();
  const crashing = await startCrashing(databases, 'amountRecorded');
  // As if three workers had died before: this is the last try.
  await sql(
    databases.databaseUrl,
    `CREATE FUNCTION tried() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.attempts := 3; RETURN NEW; END $$`,
    `CREATE TRIGGER tried BEFORE INSERT ON graphile_worker._private_jobs FOR EACH ROW EXECUTE FUNCTION tried()`,
  );
  await ask(crashing.url, scenarios.EVENTUAL, ada);
  await crashing.died;
  await sql(databases.databaseUrl, 'DROP FUNCTION tried CASCADE');

  await startHealthyWorker(databases);
  // The dead worker's job is given back after 2 s.
  await expect
    .poll(() => sql(databases.databaseUrl, `SELECT "transactionState" FROM orders WHERE "userId" = '${ada.id}'`), {
      timeout: 10_000,
    })
    .toEqual([{ transactionState: 'RECORDED' }]);
});

function context(ada: Seeded) {
  return { ada, execute, platform: databases.platform };
}

/** The call, made to a process that dies of it; what it answered, if it did before. */
async function crashAt(step: Step, ada: Seeded, scenario: Scenario): Promise<unknown> {
  if (scenario.isRefusedLater === true) {
    const first = await startCrashing(databases, 'orderInserted');
    await ask(first.url, scenario, ada);
    await first.died;
  }
  if (scenario.isRefused === true) await refuseAmount(databases.platform, scenario.amount);
  if (scenario.isDeletionRefused === true) await refuseDeletions(databases.platform);
  const crashing = await startCrashing(databases, step);
  const answer = await ask(crashing.url, scenario, ada);
  await crashing.died;
  expect(crashing.signal()).toBe('SIGKILL');
  return answer;
}

/** Undefined where the connection broke. */
async function ask(url: string, scenario: Scenario, ada: Seeded): Promise<unknown> {
  const { query, variables } = scenario.call(ada);
  return new OrderClient(url).post(query, variables).then(
    ({ data }) => data,
    () => undefined,
  );
}

/** The answer of a client that asks again while it is told to. */
async function answered(query: string, variables: Record<string, unknown>) {
  const until = performance.now() + 30_000;
  for (;;) {
    const answer = await execute.text(query, variables);
    if (answer.errors[0]?.extensions?.['code'] !== 'OUTCOME_PENDING' || performance.now() > until) return answer;
  }
}

/** Asked twice more, it has one answer: what was told before, unless what it was about is gone. */
async function checkAnswers(scenario: Scenario, ada: Seeded, before: unknown): Promise<void> {
  const { query, variables } = scenario.call(ada);
  const answer = () => answered(query, variables);
  const answers = [await answer(), await answer()];
  const codes = answers.map(({ errors }) => errors[0]?.extensions?.['code'] ?? 'none');
  for (const code of codes) expect(scenario.codes).toContain(code);
  const told = [before, ...answers.map(({ data }) => data)].map((data) => scenario.idOf(data));
  expect(new Set(told.filter((id) => id !== undefined)).size).toBeLessThanOrEqual(1);
}
