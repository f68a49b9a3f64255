import { ok, warning, type Check } from './check.js';

/** Names that no public server has: of one word, or of a network of one's own. */
const PRIVATE_NAME = /^[^.]+$|\.(local|internal|lan|svc|cluster\.local|localhost)$/i;
const PRIVATE_ADDRESS = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|f[cd][0-9a-f]{2}:|fe80:)/i;
const THIS_MACHINE = /^(localhost|127\.[0-9.]+|::1|\[::1\]|0\.0\.0\.0|)$|^\/|%2f/i;

/**
 * Whether what goes over the wire can be read on its way.
 *
 * @param hosts as the address names them; a path is a socket of this machine
 * @param remedy the parameter of the address that switches encryption on
 */
export function encryptionCheck(group: string, tls: string | null, hosts: readonly string[], remedy: string): Check {
  const id = `${group}.tls`;
  if (tls !== null) return ok(id, `the connection is encrypted (${tls})`, { tls });
  const data = { tls: null };
  if (hosts.every((host) => THIS_MACHINE.test(host))) {
    return ok(id, 'the connection does not leave this machine, and is not encrypted', data);
  }
  if (hosts.every((host) => THIS_MACHINE.test(host) || PRIVATE_NAME.test(host) || PRIVATE_ADDRESS.test(host))) {
    return ok(id, 'the connection is not encrypted; it stays in a private network', data);
  }
  return warning(id, 'the connection is not encrypted: passwords and rows can be read on their way', remedy, data);
}
