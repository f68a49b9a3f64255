import type pg from 'pg';
import { within } from './within.js';

/** How long connections may take to end, in milliseconds. */
export const CLOSING_PATIENCE = 1_000;

/** The driver may wait for ever for the end of a connection that has ended while it was opened. */
export async function closed(client: pg.Client): Promise<void> {
  await within(CLOSING_PATIENCE, client.end());
}
