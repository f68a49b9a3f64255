import { forbidden } from '../errors/app-error.js';
import type { Filter } from '../join/filter.js';
import type { Sight } from '../join/sight.js';
import type { Source } from '../join/source.js';
import { ADMIN, type Actor } from './actor.js';
import { allow, type Policy, type SourcePolicy } from './policy.js';
import { EVERY_ROW, holdsIn, isEveryRow, type Rule } from './rules.js';

type Act = 'create' | 'update' | 'delete';

/** What one actor may see and do, by a policy. */
export class Access implements Sight {
  readonly actor: Actor;
  readonly #policy: Policy;
  /** Every row of an answer asks. */
  readonly #filters = new Map<Rule, Map<Source, Filter>>();

  constructor(actor: Actor, policy: Policy) {
    this.actor = actor;
    this.#policy = policy;
  }

  rows(source: Source): Filter | null {
    const filter = this.#rowsBy(source, this.#of(source).visibleTo);
    return isEveryRow(filter) ? null : filter;
  }

  /** Whether a row is there for the actor, of a row that was read by another way than a statement that asks so itself. */
  sees(source: Source, row: object): boolean {
    return this.allows(this.#of(source).visibleTo, source, row);
  }

  reads(source: Source, field: string): boolean {
    const { visibleTo, readable } = this.#of(source);
    const rule = readable[field];
    if (rule === undefined || rule === visibleTo) return true;
    const [visible, ofField] = [this.#rowsBy(source, visibleTo), this.#rowsBy(source, rule)];
    return isEveryRow(ofField) || JSON.stringify(ofField) === JSON.stringify(visible);
  }

  /** Whether a rule allows it in this row. */
  allows(rule: Rule, source: Source, row: object): boolean {
    return holdsIn(this.#rowsBy(source, rule), source, row);
  }

  /**
   * @param row the row that is to be written, with the fields that the rules look at
   * @param changed the fields that are to be written
   * @throws {AppError} FORBIDDEN
   */
  refuseUnless(act: Act, source: Source, row: object, changed: readonly string[] = []): void {
    const policy = this.#of(source);
    if (!this.allows(policy[act], source, row)) {
      throw forbidden(`you may not ${act} this ${source.type}; nothing was written`);
    }
    for (const name of changed) {
      const rule = policy.writable[name];
      if (rule === undefined || this.allows(rule, source, row)) continue;
      throw forbidden(`input.${name} is not yours to write; nothing was written`, `input.${name}`);
    }
  }

  /** Whether nothing is refused of what this act does, whatever the row. */
  isFree(act: Act, source: Source): boolean {
    return isEveryRow(this.#rowsBy(source, this.#of(source)[act]));
  }

  /**
   * Where no policy holds, all may be used but what is an admin's: nobody knows who that is.
   *
   * @throws {AppError} FORBIDDEN for an operation that is not the actor's
   */
  refuseOperation(name: string): void {
    const { isBound, roles } = this.actor;
    const allowed = this.#policy.operations[name] ?? [];
    if (allowed.some((role) => roles.has(role) || (!isBound && role !== ADMIN))) return;
    throw forbidden(`${name} takes one of these roles, which you do not have: ${allowed.join(', ')}`);
  }

  #rowsBy(source: Source, rule: Rule): Filter {
    if (!this.actor.isBound) return EVERY_ROW;
    const known = this.#filters.get(rule)?.get(source);
    if (known !== undefined) return known;
    const filter = rule.rows(this.actor, source);
    this.#filters.set(rule, (this.#filters.get(rule) ?? new Map<Source, Filter>()).set(source, filter));
    return filter;
  }

  #of(source: Source): SourcePolicy {
    const known = this.#policy.sources.find((one) => one.source.name === source.name);
    return known ?? allow(source, { visibleTo: this.#policy.otherSources });
  }
}
