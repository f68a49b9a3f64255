import { createServer } from 'node:net';

/** The port cannot be had: another process has it, or it takes rights that we lack. */
export class PortError extends Error {
  readonly code = 'PORT_UNAVAILABLE';
}

/**
 * Finds out before anything else is started whether a server could listen there.
 *
 * @throws {PortError} when it could not
 */
export async function checkPort(host: string, port: number): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ host, port }, resolve);
    });
  } catch (error) {
    throw portError(error, host, port);
  }
  await new Promise((resolve) => server.close(resolve));
}

/** A failed `listen` as a message that says what to do. */
export function portError(error: unknown, host: string, port: number): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new PortError(
        `Port ${port} is taken by another process. Stop it, or set PORT to a free one: PORT=${port + 1} npm start`,
      );
    case 'EACCES':
      return new PortError(`Port ${port} takes rights that this user lacks. Set PORT to one above 1023.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new PortError(`HOST=${host} is no address of this machine. Set HOST to one, such as 127.0.0.1.`);
    default:
      return error;
  }
}
