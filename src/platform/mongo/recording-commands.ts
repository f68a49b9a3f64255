import type mongoose from 'mongoose';
import { reportStatement } from '../statements.js';

/** The driver's own housekeeping, which no request asks for. */
const HOUSEKEEPING = new Set(['hello', 'ismaster', 'isMaster', 'ping', 'endSessions', 'saslStart', 'saslContinue']);

/** Reports every command of a client to the request that sent it. */
export function reportCommands(client: mongoose.mongo.MongoClient): void {
  client.on('commandStarted', ({ commandName, command }) => {
    if (HOUSEKEEPING.has(commandName)) return;
    reportStatement('mongo', () => describe(commandName, command));
  });
}

/** A command as one would type it in the shell, short enough to read: `users.find({"_id":{"$in":[50 values]}})`. */
function describe(name: string, command: Record<string, unknown>): string {
  const target = command[name];
  const subject = typeof target === 'string' ? `${target}.` : '';
  const body = command['filter'] ?? command['pipeline'] ?? command['query'] ?? command['documents'] ?? {};
  const text = JSON.stringify(body, (_key, value: unknown) => (isLong(value) ? [`${value.length} values`] : value));
  return `${subject}${name}(${text.replaceAll(/\["(\d+ values)"\]/g, '[$1]')})`;
}

function isLong(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 4;
}
