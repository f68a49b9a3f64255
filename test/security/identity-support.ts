import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, SignJWT, type JWK } from 'jose';
import type { IdentitySettings } from '../../src/security/settings.js';

export const ISSUER = 'https://id.example.com/';
export const AUDIENCE = 'tandem';

/** A pair of keys under the name that tokens give it. */
export interface Pair {
  readonly kid: string;
  readonly alg: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function rsaPair(alg = 'RS256'): Pair {
  return { kid: randomUUID(), alg, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
}

export function ecPair(): Pair {
  return { kid: randomUUID(), alg: 'ES256', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
}

export function edPair(): Pair {
  return { kid: randomUUID(), alg: 'EdDSA', ...generateKeyPairSync('ed25519') };
}

export function pemOf({ publicKey }: Pair): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

/** Has tokens of this pair taken, by a clock that may differ by five seconds. */
export function identityOf(pair: Pair): IdentitySettings {
  return {
    jwksUrl: null,
    publicKey: pemOf(pair),
    issuer: ISSUER,
    audience: AUDIENCE,
    clockSkew: 5,
    userClaim: 'sub',
    rolesClaim: 'roles',
  };
}

/** The time in seconds, as tokens have it. */
export function inSeconds(offset: number): number {
  return Math.floor(Date.now() / 1000) + offset;
}

/** Right or wrong. */
export type Claims = Readonly<Record<string, unknown>>;

/** What a sound token says; a claim that is given as undefined is not in it. */
function claimsOf(claims: Claims): Claims {
  return { iss: ISSUER, aud: AUDIENCE, sub: 'somebody', iat: inSeconds(0), exp: inSeconds(60), ...claims };
}

/** A sound token unless told otherwise. */
export function tokenOf(pair: Pair, claims: Claims = {}, header: object = {}): Promise<string> {
  const { kid, alg, privateKey } = pair;
  return new SignJWT(claimsOf(claims)).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
}

/** A token put together by hand, which no library would make. */
export function forged(header: object, claims: Claims, signatureOf: (signed: string) => string): string {
  const signed = [header, claimsOf(claims)]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${signatureOf(signed)}`;
}

type Mood = 'answers' | 'fails' | 'garbles' | 'hangs';

/** A provider that publishes whatever keys it is told to, or does not, and counts how often it was asked. */
export class Provider implements AsyncDisposable {
  keys: readonly JWK[] = [];
  mood: Mood = 'answers';
  fetches = 0;
  readonly #server = createServer((_request, response) => {
    this.fetches += 1;
    if (this.mood === 'hangs') return;
    if (this.mood === 'fails') response.statusCode = 500;
    response.setHeader('content-type', 'application/json');
    response.end(this.mood === 'garbles' ? '<html>' : JSON.stringify({ keys: this.keys }));
  });

  async start(): Promise<this> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jwks.json`;
  }

  /** @param named whether the keys say their names, which a provider need not do */
  async publish(pairs: readonly Pair[], { named = true } = {}): Promise<void> {
    this.keys = await Promise.all(
      pairs.map(async ({ kid, alg, publicKey }) => ({
        ...(await exportJWK(publicKey)),
        ...(named ? { kid } : {}),
        alg,
        use: 'sig',
      })),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
