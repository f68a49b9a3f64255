import type { Check, Status } from '../../src/cli/doctor/check.js';
import { examineDatabases } from '../../src/cli/doctor/examination.js';

/** Which databases are examined; those of people's own unless told otherwise. */
export interface Addresses {
  readonly databaseUrl: string;
  readonly mongodbUri: string;
  readonly collections?: Readonly<Record<string, string>>;
  readonly own?: boolean;
}

/** What the doctor finds in two databases and the joins between them. */
export class Diagnosis {
  readonly checks: readonly Check[];

  private constructor(checks: readonly Check[]) {
    this.checks = checks;
  }

  static async of({ databaseUrl, mongodbUri, collections = {}, own = true }: Addresses): Promise<Diagnosis> {
    const databases = { databaseUrl, mongodbUri, collections, own: { postgres: own, mongo: own } };
    return new Diagnosis(
      await examineDatabases({ ...databases, stop: () => Promise.resolve() }, (_title, work) => work(() => undefined)),
    );
  }

  /** The findings of a kind of check. */
  of(id: string): readonly Check[] {
    return this.checks.filter((check) => check.id === id);
  }

  /** The only finding of a kind of check. */
  one(id: string): Check {
    const [check, ...others] = this.of(id);
    if (check === undefined || others.length > 0) throw new Error(`not one ${id}, but ${JSON.stringify(this.of(id))}`);
    return check;
  }

  /** What is not well, as `status id`. */
  get troubles(): string[] {
    return this.having('warning', 'error', 'skipped');
  }

  having(...statuses: readonly Status[]): string[] {
    return this.checks.filter(({ status }) => statuses.includes(status)).map(({ id, status }) => `${status} ${id}`);
  }
}
