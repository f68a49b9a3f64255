import { z } from 'zod';

/** How tokens are checked, where there is an identity provider. */
export interface IdentitySettings {
  /** Where the provider publishes its keys; null where `publicKey` is given. */
  readonly jwksUrl: string | null;
  /** A key in PEM (SPKI), or the path of a file that holds one. */
  readonly publicKey: string | null;
  readonly issuer: string;
  readonly audience: string;
  /** By how many seconds the provider's clock may differ from ours. */
  readonly clockSkew: number;
  /** The claims that say who it is (the id of a user in MongoDB), and which roles that one has. */
  readonly userClaim: string;
  readonly rolesClaim: string;
}

/** What one operation may ask for; more is refused before it is validated or before any database is asked. */
export interface Limits {
  /** Of the body, in KB. */
  readonly body: number;
  /** Of the document. */
  readonly tokens: number;
  /** Levels of fields, fragments spread out. */
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
  readonly fragments: number;
  /** Rows that it may read at most, by the sizes of its pages. */
  readonly cost: number;
  /** Operations in one request; 1 for no batches. */
  readonly batch: number;
  /** How long an operation may take, in seconds. */
  readonly seconds: number;
}

/** Who gets in, and how much one may ask for. */
export interface SecuritySettings {
  /** Null for nobody's; `none` where somebody has said so. */
  readonly identity: IdentitySettings | 'none' | null;
  readonly limits: Limits;
  /** Whether the schema may be asked for; null for what is usual. */
  readonly introspection: boolean | null;
  /** The manifest of the only operations that are answered; null for any. */
  readonly persistedOperations: string | null;
  /** Requests in a minute of one identity or address: the feature `rate-limit` counts them. */
  readonly rateLimit: number;
  /** By how many milliseconds the event loop may be behind: the feature `back-pressure` looks at it. */
  readonly eventLoopDelay: number;
}

export const USUAL_LIMITS: Limits = {
  body: 1_024,
  tokens: 5_000,
  depth: 15,
  aliases: 50,
  rootFields: 20,
  directives: 30,
  fragments: 50,
  cost: 50_000,
  batch: 1,
  seconds: 15,
};

/** What holds where nobody has said anything. */
export const USUAL_SECURITY: SecuritySettings = {
  identity: null,
  limits: USUAL_LIMITS,
  introspection: null,
  persistedOperations: null,
  rateLimit: 600,
  eventLoopDelay: 1_000,
};

function whole(usual: number, from: number, to: number) {
  return z
    .string()
    .default(String(usual))
    .refine(
      (text) => /^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to,
      `takes a whole number from ${from} to ${to}`,
    )
    .transform(Number);
}

const said = z.string().trim().min(1, 'takes what the tokens of the provider have in this claim');

function hasCredentials(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username !== '' || password !== '';
}

/** The variables, as `config.ts` reads them. */
export const securityVariables = {
  AUTH: z
    .enum(['none'], 'takes none, which lets anybody in; leave it out where AUTH_JWKS_URL or AUTH_PUBLIC_KEY is set')
    .optional(),
  AUTH_JWKS_URL: z
    .string()
    .refine(
      (text) => /^https?:\/\/./.test(text) && URL.canParse(text),
      'takes a URL such as https://id.example.com/.well-known/jwks.json',
    )
    .refine((text) => !hasCredentials(text), 'takes a URL without a user name and a password: keys are public')
    .optional(),
  AUTH_PUBLIC_KEY: z.string().optional(),
  AUTH_ISSUER: said.optional(),
  AUTH_AUDIENCE: said.optional(),
  AUTH_CLOCK_SKEW: whole(5, 0, 300),
  AUTH_USER_CLAIM: z.string().default('sub'),
  AUTH_ROLES_CLAIM: z.string().default('roles'),
  INTROSPECTION: z.enum(['on', 'off'], 'takes on or off').optional(),
  PERSISTED_OPERATIONS: z.string().optional(),
  LIMIT_BODY_KB: whole(USUAL_LIMITS.body, 1, 100_000),
  LIMIT_TOKENS: whole(USUAL_LIMITS.tokens, 10, 1_000_000),
  LIMIT_DEPTH: whole(USUAL_LIMITS.depth, 1, 1_000),
  LIMIT_ALIASES: whole(USUAL_LIMITS.aliases, 0, 100_000),
  LIMIT_ROOT_FIELDS: whole(USUAL_LIMITS.rootFields, 1, 100_000),
  LIMIT_DIRECTIVES: whole(USUAL_LIMITS.directives, 0, 100_000),
  LIMIT_FRAGMENTS: whole(USUAL_LIMITS.fragments, 0, 100_000),
  LIMIT_COST: whole(USUAL_LIMITS.cost, 1, 100_000_000),
  LIMIT_BATCH: whole(USUAL_LIMITS.batch, 1, 100),
  LIMIT_SECONDS: whole(USUAL_LIMITS.seconds, 1, 3_600),
  RATE_LIMIT: whole(USUAL_SECURITY.rateLimit, 1, 1_000_000),
  EVENT_LOOP_DELAY: whole(USUAL_SECURITY.eventLoopDelay, 20, 60_000),
};

type Variables = z.infer<z.ZodObject<typeof securityVariables>>;

/** What is wrong between variables that are each right by themselves, as `VARIABLE what would be right`. */
export function contradictions(data: Variables): readonly string[] {
  const { AUTH, AUTH_JWKS_URL: url, AUTH_PUBLIC_KEY: key, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = data;
  const hasKeys = url !== undefined || key !== undefined;
  const needs = (name: string) =>
    `${name} is needed where tokens are checked: the "${name === 'AUTH_ISSUER' ? 'iss' : 'aud'}" that they are to have`;
  return [
    ...(AUTH === 'none' && hasKeys
      ? ['AUTH is none, and keys for tokens are set as well: leave one of the two out']
      : []),
    ...(url !== undefined && key !== undefined
      ? ['AUTH_PUBLIC_KEY and AUTH_JWKS_URL are both set: leave one of them out']
      : []),
    ...(hasKeys && issuer === undefined ? [needs('AUTH_ISSUER')] : []),
    ...(hasKeys && audience === undefined ? [needs('AUTH_AUDIENCE')] : []),
    ...(!hasKeys && (issuer ?? audience) !== undefined
      ? ['AUTH_ISSUER and AUTH_AUDIENCE go with AUTH_JWKS_URL or AUTH_PUBLIC_KEY: set one of those']
      : []),
  ];
}

/** The settings that the variables mean. */
export function securityOf(data: Variables): SecuritySettings {
  const { AUTH_JWKS_URL: jwksUrl = null, AUTH_PUBLIC_KEY: publicKey = null, INTROSPECTION: introspection } = data;
  const hasKeys = jwksUrl !== null || publicKey !== null;
  return {
    identity: hasKeys
      ? {
          jwksUrl,
          publicKey,
          issuer: data.AUTH_ISSUER ?? '',
          audience: data.AUTH_AUDIENCE ?? '',
          clockSkew: data.AUTH_CLOCK_SKEW,
          userClaim: data.AUTH_USER_CLAIM,
          rolesClaim: data.AUTH_ROLES_CLAIM,
        }
      : (data.AUTH ?? null),
    limits: {
      body: data.LIMIT_BODY_KB,
      tokens: data.LIMIT_TOKENS,
      depth: data.LIMIT_DEPTH,
      aliases: data.LIMIT_ALIASES,
      rootFields: data.LIMIT_ROOT_FIELDS,
      directives: data.LIMIT_DIRECTIVES,
      fragments: data.LIMIT_FRAGMENTS,
      cost: data.LIMIT_COST,
      batch: data.LIMIT_BATCH,
      seconds: data.LIMIT_SECONDS,
    },
    introspection: introspection === undefined ? null : introspection === 'on',
    persistedOperations: data.PERSISTED_OPERATIONS ?? null,
    rateLimit: data.RATE_LIMIT,
    eventLoopDelay: data.EVENT_LOOP_DELAY,
  };
}
