import { once } from 'node:events';
import net from 'node:net';
import mongoose from 'mongoose';
import type { TestDatabases } from '../support/databases.js';

const { BSON } = mongoose.mongo;

const OP_MSG = 2013;

/**
 * Inserts a user with a byte that no text of the driver's has, where a character stands: bytes on the wire, as other
 * drivers send them, and the server takes them.
 */
export async function insertRaw(
  { mongodbUri }: TestDatabases,
  document: Record<string, unknown>,
  character: string,
  byte: number,
): Promise<void> {
  const { hostname, port, pathname } = new URL(mongodbUri);
  const body = BSON.serialize({ insert: 'users', documents: [document], $db: pathname.slice(1) });
  const bytes = Buffer.from(body).map((value) => (value === character.charCodeAt(0) ? byte : value));
  const header = Buffer.alloc(21);
  header.writeInt32LE(header.length + bytes.length, 0);
  header.writeInt32LE(1, 4);
  header.writeInt32LE(OP_MSG, 12);
  const socket = net.connect(Number(port), hostname);
  socket.write(Buffer.concat([header, bytes]));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  const { ok, n } = BSON.deserialize(answer.subarray(21)) as { ok?: number; n?: number };
  if (ok !== 1 || n !== 1) throw new Error('the server has not taken the document');
}
