import { ConsistencyResolver } from './consistency.resolver.js';
import { RepairResolver } from './repair.resolver.js';
import { UndoResolver } from './undo.resolver.js';

/** What the graph has for looking after the data. */
export const AUDIT_RESOLVERS = [ConsistencyResolver, RepairResolver, UndoResolver];
