import { ConfigError } from '../../config.js';

const EXAMPLE = 'http://localhost:5173';

/**
 * The origins that CORS_ORIGINS lists, each exactly as a browser sends it.
 *
 * @throws {ConfigError} that names, for each that is none, what would be right
 */
export function checkedOrigins(origins: readonly string[] | null): ReadonlySet<string> {
  const refusals = (origins ?? []).flatMap((text) => refusalOf(text) ?? []);
  if (origins === null || origins.length === 0) refusals.push(`takes origins, divided by commas, such as ${EXAMPLE}`);
  if (refusals.length === 0) return new Set(origins);
  const lines = refusals.map((refusal) => `  CORS_ORIGINS ${refusal}`);
  throw new ConfigError(`The configuration is not right:\n${lines.join('\n')}`);
}

function refusalOf(text: string): string | null {
  if (text.includes('*')) return `takes origins by their names, such as ${EXAMPLE}: * would let every page ask`;
  const hasScheme = text.includes('://');
  const origin = hasScheme ? originOf(text) : /^localhost\b|[.:]/.test(text) ? originOf(`http://${text}`) : null;
  if (origin === null) return `takes http and https origins, such as ${EXAMPLE}`;
  if (origin === text) return null;
  return hasScheme
    ? `takes an origin without path, default port and capitals: ${origin}`
    : `takes an origin with its scheme: ${origin}, or https`;
}

/** What a browser calls the origin of this address; null for what is no address of a page. */
function originOf(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const { origin, protocol } = new URL(address);
  return protocol === 'http:' || protocol === 'https:' ? origin : null;
}
