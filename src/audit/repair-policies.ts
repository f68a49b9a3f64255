import type { InconsistencyKind } from './inconsistency.js';

/** What may be done about each kind, by those who say so. REPORT leaves it. */
export const POLICIES = {
  danglingOrders: ['REPORT', 'DELETE'],
  orphanTransactions: ['REPORT', 'DELETE'],
  wrongAmounts: ['REPORT', 'FIX'],
  staleCopies: ['REPORT', 'RELINK'],
  conflictingCopies: ['REPORT', 'RELINK'],
  staleOrderCopies: ['REPORT', 'RELINK'],
  wrappedReferences: ['REPORT'],
  otherTypeReferences: ['REPORT'],
} as const satisfies Record<InconsistencyKind, readonly string[]>;

export type RepairPolicies = { readonly [K in InconsistencyKind]: (typeof POLICIES)[K][number] };
export type RepairPolicy = RepairPolicies[InconsistencyKind];

/** Kinds about which something can be done here. */
export type MendedKind = {
  [K in InconsistencyKind]: RepairPolicies[K] extends 'REPORT' ? never : K;
}[InconsistencyKind];

/** Whether anything can be done about a kind here, but telling of it. */
export function isMended(kind: InconsistencyKind): kind is MendedKind {
  return POLICIES[kind].length > 1;
}

/** What is done about whatever nobody has said anything about. */
export const REPORT_ALL: RepairPolicies = {
  danglingOrders: 'REPORT',
  orphanTransactions: 'REPORT',
  wrongAmounts: 'REPORT',
  staleCopies: 'REPORT',
  conflictingCopies: 'REPORT',
  staleOrderCopies: 'REPORT',
  wrappedReferences: 'REPORT',
  otherTypeReferences: 'REPORT',
};
