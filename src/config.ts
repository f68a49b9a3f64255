import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { hasOneReading, protocolOf } from './platform/address.js';
import { contradictions, securityOf, securityVariables, type SecuritySettings } from './security/settings.js';

/** What can be set, checked and frozen. Absent database addresses mean: start one of our own. */
export interface Config {
  readonly databaseUrl: string | null;
  readonly mongodbUri: string | null;
  /** What this process does: answer, work on jobs, or both. */
  readonly role: Role;
  /** How long the answer to a call with an idempotency key is kept, in hours. */
  readonly idempotencyHours: number;
  /** Whether users are copied to PostgreSQL; and whether the copies of their names and addresses on orders follow. */
  readonly userSync: boolean;
  readonly orderCopies: 'follow' | 'frozen';
  /** What collections are called, by the name that they have here. */
  readonly collections: Readonly<Record<string, string>>;
  readonly host: string;
  readonly port: number;
  /** Where embedded databases keep their data. */
  readonly dataDirectory: string;
  /** Where programs that were downloaded once are kept for the next time. */
  readonly cacheDirectory: string;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly production: boolean;
  /** The folders of `features/` that are loaded; null for the usual ones. */
  readonly features: readonly string[] | null;
  /** Whose pages may ask, beside the graph's own; null for nobody's. The feature `cors` checks them. */
  readonly corsOrigins: readonly string[] | null;
  readonly security: SecuritySettings;
}

/** Every setting that is wrong, each with its remedy; values are masked. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const ROLES = ['both', 'gateway', 'worker'] as const;
export type Role = (typeof ROLES)[number];

type Variables = Readonly<Record<string, string | undefined>>;

const ENVIRONMENTS = ['production', 'development', 'test'] as const;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const schema = z.object({
  DATABASE_URL: url(['postgresql:', 'postgres:'], 'postgresql://user:password@host:5432/database'),
  MONGODB_URI: url(['mongodb:', 'mongodb+srv:'], 'mongodb://host:27017/database'),
  MONGODB_COLLECTIONS: z
    .string()
    .default('')
    .refine(
      (text) => /^(?:\s*\w+\s*=\s*(?!system\.)[^\s,=$.][^,=$]*(?:,|$))*$/.test(text),
      'takes pairs such as users=people,transactions=payments',
    )
    .transform(pairsIn),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z
    .string()
    .default('4000')
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, 'takes a port from 0 (any free one) to 65535')
    .transform(Number),
  TANDEM_ROLE: z.enum(ROLES, `takes one of ${ROLES.join(', ')}`).default('both'),
  IDEMPOTENCY_HOURS: z
    .string()
    .default('24')
    .refine((text) => /^\d{1,4}$/.test(text) && Number(text) > 0, 'takes whole hours, from 1 to 9999')
    .transform(Number),
  USER_SYNC: z.enum(['on', 'off'], 'takes on or off').default('on'),
  ORDER_COPIES: z.enum(['follow', 'frozen'], 'takes follow or frozen').default('follow'),
  TANDEM_DATA_DIR: z.string().min(1).default('.data'),
  XDG_CACHE_HOME: z.string().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `takes one of ${LOG_LEVELS.join(', ')}`).optional(),
  NODE_ENV: z
    .enum(ENVIRONMENTS, 'takes production, development or test: what is no development is production')
    .optional(),
  FEATURES: z.string().optional(),
  CORS_ORIGINS: z.string().optional(),
  ...securityVariables,
});

/**
 * The settings from the environment and, for what is not set there, from `.env` in the working directory.
 *
 * @throws {ConfigError} that names every variable that is wrong and what would be right
 */
export function loadConfig(variables: Variables = process.env, envFile = '.env'): Config {
  const parsed = schema.safeParse({ ...given(fromFile(envFile)), ...given(variables) });
  const wrong = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  if (!parsed.success || wrong.length > 0) {
    throw new ConfigError(`The configuration is not right:\n${wrong.map((line) => `  ${line}`).join('\n')}`);
  }
  const { data } = parsed;
  const production = data.NODE_ENV === 'production';
  return Object.freeze({
    databaseUrl: data.DATABASE_URL ?? null,
    mongodbUri: data.MONGODB_URI ?? null,
    role: data.TANDEM_ROLE,
    idempotencyHours: data.IDEMPOTENCY_HOURS,
    userSync: data.USER_SYNC === 'on',
    orderCopies: data.ORDER_COPIES,
    collections: data.MONGODB_COLLECTIONS,
    host: data.HOST,
    port: data.PORT,
    dataDirectory: resolve(data.TANDEM_DATA_DIR),
    cacheDirectory: join(data.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tandem'),
    logLevel: data.LOG_LEVEL ?? (production ? 'info' : 'warn'),
    production,
    features: namesIn(data.FEATURES),
    corsOrigins: namesIn(data.CORS_ORIGINS),
    security: securityOf(data),
  });
}

function url(protocols: readonly string[], example: string) {
  return z
    .string()
    .optional()
    .refine((text) => text === undefined || protocols.includes(protocolOf(text)), `takes a URL such as ${example}`)
    .refine(
      (text) => text === undefined || protocolOf(text) === '' || hasOneReading(text),
      'takes a password with its special characters percent-encoded (@ is %40, / is %2F, # is %23)',
    );
}

/** What a file of settings says, known here or not. */
export function fromFile(path: string): Variables {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
}

/** `a, b` as a list; `none` as an empty one. */
function namesIn(list: string | undefined): readonly string[] | null {
  if (list === undefined) return null;
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'none');
}

/** `a=b, c=d` as an object. */
function pairsIn(list: string): Readonly<Record<string, string>> {
  const pairs = (namesIn(list) ?? []).map((pair) => pair.split('=').map((word) => word.trim()));
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value]));
}

/** An empty variable is how a shell or a compose file says "not set". */
function given(variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''));
}
