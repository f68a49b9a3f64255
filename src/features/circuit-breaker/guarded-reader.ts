import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from 'cockatiel';
import type { Logger } from 'pino';
import { AppError, isAppError } from '../../errors/app-error.js';
import type { Filter } from '../../join/filter.js';
import type { Page, PageRequest, Position } from '../../join/page.js';
import type { SourceReader } from '../../join/reader.js';
import type { DatabaseName, SortTerm, Source } from '../../join/source.js';
import { untilDeadline } from '../../platform/deadline.js';
import { TIMINGS } from '../../platform/timings.js';

/** Reads in a row that must have failed. */
const FAILURES = 5;

const CODES = { postgres: 'POSTGRES_UNAVAILABLE', mongo: 'MONGO_UNAVAILABLE' } as const;
const NAMES = { postgres: 'PostgreSQL', mongo: 'MongoDB' } as const;

/** A reader whose circuit opens when its database does not answer: closed, open for a while, half open for one read. */
export class GuardedReader implements SourceReader {
  readonly #reader: SourceReader;
  readonly #database: DatabaseName;
  readonly #circuit = circuitBreaker(
    handleWhen((error) => this.#isAway(error)),
    { halfOpenAfter: TIMINGS.circuitBreaker.rest, breaker: new ConsecutiveBreaker(FAILURES) },
  );

  constructor(database: DatabaseName, reader: SourceReader, logger: Logger) {
    this.#reader = reader;
    this.#database = database;
    this.#circuit.onBreak(() => {
      logger.warn(`${NAMES[database]} does not answer; it is asked again in ${TIMINGS.circuitBreaker.rest / 1_000} s`);
    });
    this.#circuit.onReset(() => {
      logger.warn(`${NAMES[database]} answers again`);
    });
  }

  findByKeys<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    fields: ReadonlySet<string>,
    where: Filter | null,
  ): Promise<readonly R[]> {
    return this.#ask(() => this.#reader.findByKeys(source, field, keys, fields, where));
  }

  findPage<R extends object>(source: Source<R>, request: PageRequest): Promise<Page<R>> {
    return this.#ask(() => this.#reader.findPage(source, request));
  }

  findPages<R extends object>(
    source: Source<R>,
    field: string,
    keys: readonly string[],
    request: PageRequest,
  ): Promise<ReadonlyMap<string, Page<R>>> {
    return this.#ask(() => this.#reader.findPages(source, field, keys, request));
  }

  count(source: Source, where: Filter | null): Promise<number> {
    return this.#ask(() => this.#reader.count(source, where));
  }

  countByKeys(
    source: Source,
    field: string,
    keys: readonly string[],
    where: Filter | null,
  ): Promise<ReadonlyMap<string, number>> {
    return this.#ask(() => this.#reader.countByKeys(source, field, keys, where));
  }

  accepts(source: Source, orderBy: readonly SortTerm[], position: Position): boolean {
    return this.#reader.accepts(source, orderBy, position);
  }

  isKeysFault(error: unknown): boolean {
    return this.#reader.isKeysFault(error);
  }

  async #ask<T>(read: () => Promise<T>): Promise<T> {
    try {
      // While one read tries, the others wait for what comes of it, and no longer than they may.
      return await untilDeadline(() => this.#circuit.execute(read));
    } catch (error) {
      throw error instanceof BrokenCircuitError ? this.#open() : error;
    }
  }

  #open(): AppError {
    const message = `${NAMES[this.#database]} did not answer lately; try again in a few seconds`;
    return new AppError(CODES[this.#database], message, { details: { reason: 'CIRCUIT_OPEN' } });
  }

  /** A database whose connections are all in use is there; of one that is tried, no answer in time is none. */
  #isAway(error: unknown): boolean {
    if (isAppError(error, 'DEADLINE_EXCEEDED')) return this.#circuit.state === CircuitState.HalfOpen;
    return isAppError(error, CODES[this.#database]) && error.details['reason'] !== 'POOL_EXHAUSTED';
  }
}
