import { pino, type Logger } from 'pino';

/** A logger, and what it was told from `warn` on. */
export function listen(): { readonly logger: Logger; readonly lines: { readonly msg: string }[] } {
  const lines: { msg: string }[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as { msg: string });
  return { logger: pino({ level: 'warn' }, { write }), lines };
}
