import net from 'node:net';
import type pg from 'pg';
import { TIMINGS } from '../timings.js';

/** By the protocol: what makes a packet of 16 bytes a request to cancel. */
const CANCEL_REQUEST = 80_877_102;

/** What the driver keeps of its session, beside what its types tell. */
interface Session {
  readonly processID?: number | null;
  readonly secretKey?: number | null;
}

/**
 * Asks the server to cancel whatever the client's session runs when the request arrives, on a connection of its own, as
 * the protocol wants it. Resolves once the server has taken it, or cannot be reached; nobody is told which.
 */
export async function requestCancel(client: pg.Client): Promise<void> {
  const { host, port, processID, secretKey } = client as pg.Client & Session;
  if (typeof processID !== 'number' || typeof secretKey !== 'number') return;
  const packet = Buffer.alloc(16);
  [16, CANCEL_REQUEST, processID, secretKey].forEach((value, at) => packet.writeInt32BE(value, 4 * at));
  const socket = host.startsWith('/') ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect(port, host);
  await new Promise<void>((resolve) => {
    socket.setTimeout(TIMINGS.postgres.cancel, () => socket.destroy());
    // The server closes the connection when it has passed the request on.
    socket
      .on('error', () => undefined)
      .on('close', () => {
        resolve();
      });
    socket.resume().write(packet);
  });
}
