import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FetchImplementation, JWTPayload, JWTVerifyGetKey } from 'jose';
import { AppError } from '../errors/app-error.js';
import { isStorable } from '../join/key.js';
import { identified, type Actor } from './actor.js';
import { own } from './json.js';
import type { IdentitySettings } from './settings.js';
import { TIMINGS } from '../platform/timings.js';

/** Who an `authorization` header says that it is; null where there is none. */
export type Identify = (authorization: string | undefined) => Promise<Actor | null>;

/** Signatures that only the provider can make. One of a shared secret could be made by whoever knows the public key. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** OpenID Connect gives `sub` so many. */
const MAX_SUBJECT = 255;

/** A key that cannot be read, or the library that checks tokens is not there: the message names the setting. */
export class IdentityError extends Error {
  readonly code = 'IDENTITY_SETTINGS';
}

/**
 * Checks tokens (JWT, RFC 7519) by the provider's keys: signature, issuer, audience and time. Keys of a URL are fetched
 * when the first token comes, and again when one names a key that is not known: the provider may change them.
 *
 * @throws {IdentityError} for a public key that is none
 */
export async function createIdentify(settings: IdentitySettings): Promise<Identify> {
  const jose = await import('jose').catch(() => {
    throw new IdentityError(
      'tokens are checked by the package "jose", which is not installed: npm ci without --omit=optional',
    );
  });
  const { issuer, audience, clockSkew, jwksUrl, publicKey } = settings;
  const ofProvider =
    jwksUrl === null
      ? null
      : jose.createRemoteJWKSet(new URL(jwksUrl), {
          timeoutDuration: TIMINGS.tokens.provider,
          cooldownDuration: TIMINGS.tokens.cooldown,
          [jose.customFetch]: sparingFetch(),
        });
  const given = publicKey === null ? null : keyOf(publicKey);
  const key: JWTVerifyGetKey = (header, token) => {
    if (ofProvider !== null) return fetched(ofProvider(header, token), () => known(header, token));
    if (given === null) throw new IdentityError('no key is set');
    return given;
  };
  const options = { issuer, audience, clockTolerance: clockSkew, algorithms: ALGORITHMS, requiredClaims: ['exp'] };
  return async (authorization) => {
    if (authorization === undefined) return null;
    const [, token] = /^bearer +([\w.~+/=-]+)$/i.exec(authorization) ?? [];
    if (token === undefined) throw unauthenticated('the header authorization takes "Bearer " and a token');
    try {
      return actorOf(await payloadOf(token), settings);
    } catch (error) {
      if (error instanceof AppError) throw error;
      if (error instanceof jose.errors.JWTExpired) throw unauthenticated('the token has expired; get a new one');
      throw unauthenticated(
        'the token is none of those that are taken here: its signature, issuer, audience or time',
        error,
      );
    }
  };

  /** A token need not name its key: then it is of one of those that it may be of. */
  async function payloadOf(token: string): Promise<JWTPayload> {
    try {
      return (await jose.jwtVerify(token, key, options)).payload;
    } catch (several) {
      if (!(several instanceof jose.errors.JWKSMultipleMatchingKeys)) throw several;
      for await (const one of several) {
        try {
          return (await jose.jwtVerify(token, one, options)).payload;
        } catch (error) {
          if (!(error instanceof jose.errors.JWSSignatureVerificationFailed)) throw error;
        }
      }
      throw several;
    }
  }

  /** By the keys that were fetched last, however long ago. @throws what keeps the key from being found among them */
  function known(...parameters: Parameters<JWTVerifyGetKey>) {
    return jose.createLocalJWKSet(ofProvider?.jwks() ?? { keys: [] })(...parameters);
  }

  /** What keeps keys from being fetched is nobody's wrong token, and no reason to refuse one whose key is known. */
  async function fetched<K>(keys: Promise<K>, otherwise: () => Promise<K>): Promise<K> {
    try {
      return await keys;
    } catch (error) {
      if (error instanceof jose.errors.JWKSNoMatchingKey || error instanceof jose.errors.JWKSMultipleMatchingKeys)
        throw error;
      const key = await otherwise().catch(() => null);
      if (key !== null) return key;
      throw new AppError(
        'IDENTITY_UNAVAILABLE',
        'the keys by which tokens are checked cannot be had now; try again later',
        {
          cause: error,
        },
      );
    }
  }
}

/** A provider that fails is not asked by every token: it may fail because it is asked too often. */
function sparingFetch(): FetchImplementation {
  let last = -Infinity;
  return (url, options) => {
    const now = performance.now();
    if (now - last < TIMINGS.tokens.cooldown) return Promise.reject(new Error('the provider has failed a moment ago'));
    last = now;
    return fetch(url, options);
  };
}

function unauthenticated(message: string, cause?: unknown): AppError {
  return new AppError('UNAUTHENTICATED', message, cause === undefined ? {} : { cause });
}

/** A key in PEM, as the setting has it (with its line ends, or with \n for them), or in the file that it names. */
function keyOf(setting: string) {
  const key = publicKeyIn(setting);
  if (checksSignatures(key)) return key;
  throw new IdentityError(
    'AUTH_PUBLIC_KEY takes a key of RSA with 2048 bits at least, of P-256, P-384, P-521 or Ed25519',
  );
}

function publicKeyIn(setting: string): KeyObject {
  try {
    const text = setting.includes('-----BEGIN') ? setting.replaceAll('\\n', '\n') : readFileSync(setting, 'utf8');
    if (/PRIVATE KEY/.test(text)) throw new TypeError('private');
    return createPublicKey(text);
  } catch {
    throw new IdentityError(
      'AUTH_PUBLIC_KEY takes a public key in PEM ("-----BEGIN PUBLIC KEY-----"), or the path of a file with one',
    );
  }
}

/** Whether any of the algorithms goes with it: with another key no token would ever be taken. */
function checksSignatures({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  switch (type) {
    case 'rsa':
    case 'rsa-pss':
      return (details?.modulusLength ?? 0) >= 2048;
    case 'ec':
      return ['prime256v1', 'secp384r1', 'secp521r1'].includes(details?.namedCurve ?? '');
    default:
      return type === 'ed25519';
  }
}

/** @throws {AppError} UNAUTHENTICATED for a token that names nobody */
function actorOf(payload: JWTPayload, { userClaim, rolesClaim }: IdentitySettings): Actor {
  const subject = claim(payload, userClaim);
  if (typeof subject !== 'string' || subject === '')
    throw unauthenticated(`the token has no "${userClaim}" that says who it is`);
  // It is kept under its name: what no column takes, or no index, would be refused there.
  if (subject.length > MAX_SUBJECT || !isStorable(subject))
    throw unauthenticated(`the token's "${userClaim}" takes a text of ${MAX_SUBJECT} characters at most`);
  return identified(subject, rolesOf(claim(payload, rolesClaim)));
}

/** A list, or a text with blanks or commas between the names. */
function rolesOf(value: unknown): readonly string[] {
  const parts: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(/[\s,]+/)
      : [];
  return parts.filter((part) => typeof part === 'string' && part !== '') as string[];
}

/** A claim by its name, which may have dots in it, or else by a path: `realm_access.roles`. */
function claim(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  return name.split('.').reduce<unknown>((value, part) => own(value, part), payload);
}
