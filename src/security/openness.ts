import { ConfigError, type Config } from '../config.js';
import { isLoopback } from './loopback.js';
import { createIdentify } from './tokens.js';

type Settings = Pick<Config, 'host' | 'production'> & { readonly security: Pick<Config['security'], 'identity'> };

const CHECKED = 'AUTH_JWKS_URL or AUTH_PUBLIC_KEY';

/**
 * A gateway is open to everybody by a decision only. Where nobody has made one it starts in development and on loopback.
 *
 * @throws {ConfigError} that names the settings which decide it
 * @throws {IdentityError} for keys that cannot be used
 */
export async function refuseUndecided({ host, production, security: { identity } }: Settings): Promise<void> {
  // What is wrong with keys is said before databases are started.
  if (identity !== null && identity !== 'none') await createIdentify(identity);
  if (identity !== null) return;
  const wrong = production
    ? `AUTH is to be decided in production, who may ask: set ${CHECKED}, by which tokens are checked, or AUTH=none, which ` +
      'lets anybody in'
    : !isLoopback(host)
      ? `HOST takes 127.0.0.1, ::1 or localhost as long as anybody may ask: for others to reach it, set ${CHECKED}, by ` +
        'which tokens are checked, or AUTH=none, which lets anybody in'
      : null;
  if (wrong !== null) throw new ConfigError(`The configuration is not right:\n  ${wrong}`);
}

/** Who may ask, for who starts it to know; null where tokens are checked. */
export function openness({ production, security: { identity } }: Settings): string | null {
  if (identity === null) return `Anybody on this machine may ask; ${CHECKED} has tokens checked (.env.example)`;
  if (identity !== 'none') return null;
  return `Anybody who reaches the gateway may ask, and change what is there: AUTH is none${production ? ' in production' : ''}`;
}
