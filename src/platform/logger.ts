import { pino, type Logger } from 'pino';

/** A logger that writes JSON lines to standard error, so that standard output stays a person's. */
export function createLogger(level: string): Logger {
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
}
