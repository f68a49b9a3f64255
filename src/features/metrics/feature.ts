import type { Feature } from '../../gateway/feature.js';
import { isPassing } from '../../errors/app-error.js';
import { exposition, type Metric } from './exposition.js';
import { standing as standingOf, type Standing } from './standing.js';

const PATH = '/metrics';

/** Serves how writes to both databases stand, in Prometheus' text format: what every gateway of a database says alike. */
export const feature: Feature = {
  extendHttp: (app, _graphPath, { postgres }) => {
    app.get(PATH, async (_request, reply) => {
      reply.type('text/plain; version=0.0.4; charset=utf-8').header('cache-control', 'no-store');
      try {
        return exposition([isUp(true), ...metricsOf(await standingOf(postgres))]);
      } catch (error) {
        if (!isPassing(error)) throw error;
        // Who watches has to see that the numbers are missing, and that the gateway is there.
        return reply.code(503).send(exposition([isUp(false)]));
      }
    });
  },
};

function metricsOf(standing: Standing): readonly Metric[] {
  const { waiting, parked, oldestDue, openCalls, workers, tombstones, copyLag, hasCopyProblem } = standing;
  const one = (name: string, help: string, value: number) => ({ name, help, values: [{ value }] });
  return [
    {
      name: 'tandem_jobs',
      help: 'Jobs that will be worked on (waiting), and that wait for people (parked).',
      values: [
        { labels: { state: 'waiting' }, value: waiting },
        { labels: { state: 'parked' }, value: parked },
      ],
    },
    one('tandem_jobs_oldest_due_seconds', 'For how long the job has been due that is due the longest.', oldestDue),
    one('tandem_calls_open', 'Calls that began a write to both databases, and whose outcome is open.', openCalls),
    one('tandem_workers', 'Workers that have said lately that they are there.', workers),
    one('tandem_tombstones', 'Keys in MongoDB that tombstones hold.', tombstones),
    ...(copyLag === null
      ? []
      : [one('tandem_user_copy_lag_seconds', 'How long ago the copy of users was known to be complete.', copyLag)]),
    one('tandem_user_copy_problem', 'Whether something keeps users from being copied.', Number(hasCopyProblem)),
  ];
}

function isUp(up: boolean): Metric {
  return { name: 'tandem_postgres_up', help: 'Whether PostgreSQL answers.', values: [{ value: Number(up) }] };
}
