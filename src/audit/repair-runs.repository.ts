import type { RepairId } from '../ordering/kept-rows.js';
import { KEPT_ROWS, REPAIRS } from '../platform/postgres/own-tables.js';
import type { PostgresDatabase } from '../platform/postgres/postgres.js';
import type { InconsistencyKind } from './inconsistency.js';
import { UNDO, type LoggedRun } from './logged-run.js';
import type { KeptRow } from './undoing.js';

/** One act of a run. */
export interface LoggedAct {
  readonly id: RepairId;
  readonly kind: InconsistencyKind;
  readonly subject: string;
  /** Whether rows that it changed were kept whole. */
  readonly keepsRows: boolean;
  /** Whether it may have changed something. */
  readonly mayHaveActed: boolean;
  /** When it began, to the microsecond. */
  readonly began: string;
}

/** What every SELECT of runs groups. An act that was left changed nothing. */
const RUNS = `
  SELECT "runId"::text AS "runId", "kind", "policy", min("at") AS "at", max("actor") AS "actor",
    max("before" ->> 'undoes') FILTER (WHERE "policy" = '${UNDO}') AS "undoes", count(*)::int AS "acts",
    count(*) FILTER (WHERE "after" IS NULL)::int AS "unfinished", COALESCE(sum("rows"), 0)::int AS "rows",
    count(*) FILTER (WHERE NOT "keepsRows" AND "after" ->> 'kind' IS DISTINCT FROM 'left')::int AS "notKept"
  FROM ${REPAIRS} AS "repair"
  LEFT JOIN LATERAL (
    SELECT count(*) AS "rows" FROM ${KEPT_ROWS} AS "kept" WHERE "kept"."repairId" = "repair"."id") AS "kept" ON true
  WHERE "runId" = ANY($1::text[]::uuid[]) GROUP BY "runId", "kind", "policy" ORDER BY "kind"`;

/** Acts that are read at once, and rows of one. */
const STRETCH = 500;

/** Reads what the log has of runs. */
export class RepairRuns {
  readonly #postgres: PostgresDatabase;

  constructor(postgres: PostgresDatabase) {
    this.#postgres = postgres;
  }

  /** The newest runs, newest first. @throws {AppError} POSTGRES_UNAVAILABLE */
  async newest(first: number): Promise<readonly LoggedRun[]> {
    const sql = `SELECT "runId"::text AS "id" FROM ${REPAIRS} GROUP BY "runId" ORDER BY min("at") DESC LIMIT $1::int`;
    return this.#ofIds((await this.#postgres.query(sql, first)).map(({ id }) => String(id)));
  }

  /** One run; null where the log has none. @throws {AppError} POSTGRES_UNAVAILABLE */
  async find(runId: string): Promise<LoggedRun | null> {
    return (await this.#ofIds([runId]))[0] ?? null;
  }

  /** The acts of a run, the last one first, stretch by stretch. @throws {AppError} POSTGRES_UNAVAILABLE */
  async *acts(runId: string): AsyncGenerator<readonly LoggedAct[]> {
    const sql = `
      SELECT "id"::text AS "id", "kind", "subject", "keepsRows",
        "after" ->> 'kind' IS DISTINCT FROM 'left' AS "mayHaveActed", "at"::text AS "began"
      FROM ${REPAIRS} WHERE "runId" = $1::uuid
        AND ($2::text IS NULL OR ("at", "id") < ($2::text::timestamptz, $3::text::uuid))
      ORDER BY "at" DESC, "id" DESC LIMIT ${STRETCH}`;
    let last: LoggedAct | null = null;
    do {
      const parameters: readonly unknown[] = [runId, last?.began ?? null, last?.id ?? null];
      const rows = (await this.#postgres.query(sql, ...parameters)) as unknown as readonly LoggedAct[];
      yield rows;
      last = rows.length < STRETCH ? null : (rows.at(-1) ?? null);
    } while (last !== null);
  }

  /** What an act has kept, orders before their transactions, stretch by stretch. @throws {AppError} POSTGRES_UNAVAILABLE */
  async *keptRows(repairId: RepairId): AsyncGenerator<readonly KeptRow[]> {
    const sql = `
      SELECT "repairId"::text AS "repairId", "place", "key", "before", "after", "isErased" FROM ${KEPT_ROWS}
      WHERE "repairId" = $1::uuid AND ($2::text IS NULL OR ("place", "key") > ($2::text, $3::text))
      ORDER BY "place", "key" LIMIT ${STRETCH}`;
    let last: KeptRow | null = null;
    do {
      const parameters: readonly unknown[] = [repairId, last?.place ?? null, last?.key ?? null];
      const rows = (await this.#postgres.query(sql, ...parameters)) as unknown as readonly KeptRow[];
      yield rows;
      last = rows.length < STRETCH ? null : (rows.at(-1) ?? null);
    } while (last !== null);
  }

  async #ofIds(ids: readonly string[]): Promise<readonly LoggedRun[]> {
    const rows = (await this.#postgres.query(RUNS, ids)) as unknown as readonly KindOfRun[];
    return ids.flatMap((runId) => {
      const ofRun = rows.filter((row) => row.runId === runId);
      const [first] = ofRun;
      if (first === undefined) return [];
      const sum = (count: (row: KindOfRun) => number) => ofRun.reduce((all, row) => all + count(row), 0);
      return [
        {
          runId,
          at: ofRun.reduce((earliest, { at }) => (at < earliest ? at : earliest), first.at),
          actor: first.actor,
          undoes: first.undoes,
          kinds: ofRun.map(({ kind, policy, acts }) => ({ kind, policy, acts })),
          acts: sum(({ acts }) => acts),
          unfinished: sum(({ unfinished }) => unfinished),
          rows: sum(({ rows: kept }) => kept),
          notKept: sum(({ notKept }) => notKept),
        },
      ];
    });
  }
}

interface KindOfRun extends Omit<LoggedRun, 'kinds'> {
  readonly kind: InconsistencyKind;
  readonly policy: string;
}
