import { pino, type DestinationStream, type Logger } from 'pino';
import { withoutSecrets } from './secrets.js';

/**
 * A logger that writes JSON lines to standard error, so that standard output stays a person's. No line has a secret in it:
 * it is the written line that is gone through, since what drivers put into their errors has no fixed place.
 */
export function createLogger(level: string, destination: DestinationStream = standardError()): Logger {
  const write = (line: string): void => {
    destination.write(withoutSecrets(line));
  };
  return pino({ level, base: null }, { write });
}

function standardError(): DestinationStream {
  return pino.destination({ dest: 2, sync: true });
}
