import type { FieldKind } from '../../join/source.js';
import { typeOf } from './columns.js';

/**
 * The values of one statement's placeholders: who binds a value gets the expression that stands for it. Values go as
 * text and are cast by PostgreSQL, which then knows every placeholder's type; a date or a number would be rewritten on
 * its way through JavaScript.
 */
export class Parameters {
  readonly values: (string | readonly string[])[] = [];

  bind(kind: FieldKind, value: string): string {
    return cast(`$${this.values.push(value)}::text`, kind);
  }

  /** However many they are, they are one parameter; a statement takes 65,535. */
  bindList(kind: FieldKind, values: readonly string[]): string {
    return `$${this.values.push(values)}::${typeOf(kind)}[]`;
  }
}

/** A text expression as a value of the kind. */
export function cast(text: string, kind: FieldKind): string {
  const type = typeOf(kind);
  return type === 'text' ? text : `${text}::${type}`;
}
