import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CompactSign } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.js';
import { startGateway, type Gateway, type GatewayOptions } from '../../src/gateway/server.js';
import { recordStatements, type Statement } from '../../src/platform/statements.js';
import { USUAL_SECURITY, type IdentitySettings } from '../../src/security/settings.js';
import { createIdentify, IdentityError } from '../../src/security/tokens.js';
import { useDatabases } from '../support/databases.js';
import { Seed, type Seeded } from '../support/seed.js';
import {
  AUDIENCE,
  type Claims,
  ecPair,
  edPair,
  forged,
  identityOf,
  inSeconds,
  ISSUER,
  pemOf,
  Provider,
  rsaPair,
  tokenOf,
} from './identity-support.js';

const databases = useDatabases();
const seed = new Seed(databases);
const folder = mkdtempSync(path.join(tmpdir(), 'tandem-identity-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const rsa = rsaPair();
const other = rsaPair();
const SKEW = 5;
const CHECKED: IdentitySettings = { ...identityOf(rsa), clockSkew: SKEW };

const JSON_TYPE = { 'content-type': 'application/json' };
const RESPONSE_TYPE = 'application/graphql-response+json';
const ORDER = 'query ($id: ID!) { order(id: $id) { id } }';
/** Who has the role gets it, who has none gets null. */
const EMAIL = 'query ($id: ID!) { user(id: $id) { id email } }';

let ada: Seeded;
let adasOrder: Seeded;
let evesOrder: Seeded;
let gateway: Gateway;
/** All that the databases were ever sent by `gateway`. */
let sent: readonly Statement[];

beforeAll(async () => {
  ada = await seed.user({ username: 'Ada', email: 'ada@example.com' });
  adasOrder = await seed.order({ user: ada });
  evesOrder = await seed.order({ user: await seed.user() });
  // A connection belongs to who listens, and what is recorded there goes on.
  ({ result: gateway, statements: sent } = await recordStatements(() => start(CHECKED)));
});
afterAll(() => gateway[Symbol.asyncDispose]());

function start(identity: IdentitySettings, options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const security = { ...USUAL_SECURITY, identity };
  return startGateway({ platform: databases.platform, host: '127.0.0.1', port: 0, security, ...options });
}

/** A gateway for one test. */
async function serving(identity: Partial<IdentitySettings>, options?: Partial<GatewayOptions>): Promise<Gateway> {
  const one = await start({ ...CHECKED, ...identity }, options);
  onTestFinished(() => one[Symbol.asyncDispose]());
  return one;
}

/** A provider for one test, and a gateway that fetches its keys. */
async function withProvider(): Promise<{ provider: Provider; one: Gateway }> {
  const provider = await new Provider().start();
  onTestFinished(() => provider[Symbol.asyncDispose]());
  await provider.publish([rsa]);
  return { provider, one: await serving({ publicKey: null, jwksUrl: provider.url }) };
}

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data: Record<string, unknown> | null | undefined;
  readonly errors: readonly { message: string; extensions: Record<string, unknown> }[] | undefined;
}

interface Question {
  readonly query?: string;
  readonly variables?: object;
  readonly authorization?: string | undefined;
  readonly accept?: string;
}

async function ask({ url }: Gateway, { query = ORDER, variables, authorization, accept }: Question): Promise<Asked> {
  const headers = {
    ...JSON_TYPE,
    ...(authorization === undefined ? {} : { authorization }),
    ...(accept === undefined ? {} : { accept }),
  };
  const body = JSON.stringify({ query, variables: variables ?? { id: adasOrder.id } });
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  const { data, errors } = JSON.parse(text) as Pick<Asked, 'data' | 'errors'>;
  return { status: response.status, headers: response.headers, text, data, errors };
}

const bearer = (token: string) => `Bearer ${token}`;
/** Asks as Ada, for her own order. */
const asAda = async (one: Gateway, pair = rsa, claims: Claims = {}, header: object = {}) =>
  ask(one, { authorization: bearer(await tokenOf(pair, { sub: ada.id, ...claims }, header)) });
const GRANTED = () => ({ order: { id: adasOrder.id } });

/** What the answers of a client's wrong token and of our libraries have nothing of. */
const INTERNAL =
  /jose|JWS|JWK|ERR_|node_modules|\bat .*\(|kid|PEM|BEGIN|127\.0\.0\.1|signature verification failed|unexpected/;

function expectRefused(answer: Asked): void {
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  expect(answer.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  expect(answer.data).toBeUndefined();
  expect(answer.text).not.toMatch(INTERNAL);
}

describe('without a token', () => {
  test('nothing is answered, and no database is asked', async () => {
    const before = sent.length;
    const answer = await ask(gateway, {});
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(answer.data ?? null).toBeNull();
    expect(sent.slice(before)).toEqual([]);
    // What is counted is really seen.
    expect((await asAda(gateway)).data).toEqual(GRANTED());
    expect(sent.length).toBeGreaterThan(before);
  });

  test.each(['{ orders { totalCount } }', '{ __typename }', '{', '{ nothing }'])(
    'a consistency token with %s costs no question to a database either',
    async (query) => {
      const before = sent.length;
      const headers = { ...JSON_TYPE, 'x-consistency-token': '6500000000000001' };
      await fetch(gateway.url, { method: 'POST', headers, body: JSON.stringify({ query }) });
      expect(sent.slice(before)).toEqual([]);
    },
  );

  test.each([
    ['a mutation', 'mutation { deleteUser(id: "65f000000000000000000001") { id: clientMutationId } }'],
    ['a field beside __typename', '{ __typename orders { totalCount } }'],
    ['a field under the alias __x', '{ __x: orders { totalCount } }'],
    ['a field in a fragment', '{ ...F } fragment F on Query { orders { totalCount } }'],
    ['a field in an inline fragment', '{ ... { orders { totalCount } } }'],
    [
      'a field of a named operation beside one of the schema',
      'query A { orders { totalCount } } query B { __typename }',
    ],
  ])('%s is not answered', async (_, query) => {
    const before = sent.length;
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify({ query, operationName: query.includes('query A') ? 'A' : null }),
    });
    expect([400, 401]).toContain(response.status);
    expect((await response.json()) as object).not.toHaveProperty('data.orders');
    expect(sent.slice(before)).toEqual([]);
  });

  test.each([undefined, RESPONSE_TYPE])('a client that accepts %s gets the refusal as that', async (accept) => {
    const question = accept === undefined ? {} : { accept };
    const type = accept ?? 'application/json';
    const withoutToken = await ask(gateway, question);
    const wrong = await ask(gateway, { ...question, authorization: 'Bearer x.y.z' });
    for (const { status, headers, errors } of [withoutToken, wrong]) {
      expect(status).toBe(401);
      expect(headers.get('content-type')).toContain(type);
      expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    }
  });

  test('by GET nothing is answered either', async () => {
    const url = new URL(gateway.url);
    url.searchParams.set('query', '{ orders { totalCount } }');
    const response = await fetch(url, { headers: { 'apollo-require-preflight': 'yes' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('in development the schema is told, in production it is not', async () => {
    const query = '{ __schema { queryType { name } } }';
    expect(await ask(gateway, { query })).toMatchObject({ status: 200, data: { __schema: { queryType: {} } } });
    const production = await serving({}, { production: true });
    const answer = await ask(production, { query });
    expect(answer.status).toBe(400);
    expect(answer.data).toBeUndefined();
    expect((await ask(production, {})).status).toBe(401);
  });

  test('__typename alone, by which gateways are found alive, is answered everywhere', async () => {
    const production = await serving({}, { production: true });
    for (const one of [gateway, production]) {
      expect(await ask(one, { query: '{ __typename }' })).toMatchObject({ status: 200, data: { __typename: 'Query' } });
    }
  });

  test('/health is answered', async () => {
    expect((await fetch(new URL('/health', gateway.url))).status).toBe(200);
  });
});

describe('a token that is taken', () => {
  test('lets its user see its own order, and no other one', async () => {
    const authorization = bearer(await tokenOf(rsa, { sub: ada.id }));
    for (const accept of ['application/json', RESPONSE_TYPE]) {
      expect(await ask(gateway, { authorization, accept })).toMatchObject({ status: 200, data: GRANTED() });
      const evil = await ask(gateway, { authorization, accept, variables: { id: evesOrder.id } });
      expect(evil).toMatchObject({ status: 200, data: { order: null } });
      expect(evil.errors).toBeUndefined();
    }
  });

  test.each(['bearer', 'BEARER', 'Bearer  '])('is taken with the scheme written %j', async (scheme) => {
    const authorization = `${scheme} ${await tokenOf(rsa, { sub: ada.id })}`;
    expect((await ask(gateway, { authorization })).data).toEqual(GRANTED());
  });

  test.each([
    ['expired within the skew', () => ({ exp: inSeconds(-SKEW + 3) })],
    ['not yet valid within the skew', () => ({ nbf: inSeconds(SKEW - 3) })],
    ['with the audience in a list', () => ({ aud: ['another', AUDIENCE] })],
  ])('%s', async (_, claims) => {
    expect(await asAda(gateway, rsa, claims())).toMatchObject({ status: 200, data: GRANTED() });
  });

  test.each([
    ['RS256', rsaPair()],
    ['PS256', rsaPair('PS256')],
    ['ES256', ecPair()],
    ['EdDSA', edPair()],
  ])('of a key for %s, published or given', async (_, pair) => {
    const { provider, one } = await withProvider();
    await provider.publish([pair]);
    expect(await asAda(one, pair)).toMatchObject({ status: 200, data: GRANTED() });
    expect(await asAda(await serving({ publicKey: pemOf(pair) }), pair)).toMatchObject({ data: GRANTED() });
  });
});

describe('a token that is refused', () => {
  const named = { alg: 'RS256', kid: rsa.kid };
  const publicPem = pemOf(rsa);
  const hmac = (secret: string) => (signed: string) => createHmac('sha256', secret).update(signed).digest('base64url');

  test.each<[string, () => string | Promise<string>]>([
    ['expired beyond the skew', () => tokenOf(rsa, { exp: inSeconds(-SKEW - 2) })],
    ['not yet valid beyond the skew', () => tokenOf(rsa, { nbf: inSeconds(SKEW + 3) })],
    ['without exp', () => tokenOf(rsa, { exp: undefined })],
    ['whose exp is a text', () => forgedBy({ exp: String(inSeconds(60)) })],
    ['of another issuer', () => tokenOf(rsa, { iss: 'https://evil.example.com/' })],
    ['of no issuer', () => tokenOf(rsa, { iss: undefined })],
    ['of an issuer that only begins as ours', () => tokenOf(rsa, { iss: `${ISSUER}x` })],
    ['for another audience', () => tokenOf(rsa, { aud: 'another' })],
    ['for a list of other audiences', () => tokenOf(rsa, { aud: ['another', 'one'] })],
    ['for no audience', () => tokenOf(rsa, { aud: undefined })],
    ['of no algorithm', () => forged({ alg: 'none' }, {}, () => '')],
    ['of no algorithm, in capitals', () => forged({ alg: 'NONE' }, {}, () => '')],
    ['of no algorithm with a signature', () => forged({ alg: 'none' }, {}, () => 'c2ln')],
    ['signed with the public key as a secret', () => forged({ ...named, alg: 'HS256' }, {}, hmac(publicPem))],
    ['signed with an empty secret', () => forged({ ...named, alg: 'HS256' }, {}, (signed) => hmac('')(signed))],
    ['whose signature was changed', async () => changed(await tokenOf(rsa), 2)],
    ['whose claims were changed', async () => changed(await tokenOf(rsa), 1)],
    ['whose signature was cut off', async () => `${(await tokenOf(rsa)).split('.').slice(0, 2).join('.')}.`],
    ['of another key', () => tokenOf(other)],
    ['of another key under the name of ours', () => tokenOf(other, {}, { kid: rsa.kid })],
    ['of a key that it brings itself', () => tokenOf(other, {}, { jwk: other.publicKey.export({ format: 'jwk' }) })],
    ['of an extension that nobody knows', () => forgedBy({}, { crit: ['x'], x: 1 })],
    ['without the claim that says who it is', () => tokenOf(rsa, { sub: undefined })],
    ['with an empty claim that says who it is', () => tokenOf(rsa, { sub: '' })],
    ['whose claims are no object', () => signedByHand(named, '"text"')],
    ['that is no token', () => 'x'],
    ['of three parts of nothing', () => 'x.y.z'],
    ['of two dots', () => '..'],
  ])('%s', async (_, token) => {
    const given = await token();
    const { one } = await withProvider();
    for (const each of [gateway, one]) expectRefused(await ask(each, { authorization: bearer(given) }));
  });

  test('no database is asked, and the schema is not told', async () => {
    const before = sent.length;
    const authorization = bearer(await tokenOf(other));
    for (const query of [ORDER, '{ __typename }', '{ nothing'])
      expectRefused(await ask(gateway, { query, authorization }));
    expect(sent.slice(before)).toEqual([]);
  });

  test.each([
    ['Basic', () => 'Basic YWRhOnNlY3JldA=='],
    ['Bearer with nothing', () => 'Bearer'],
    ['Bearer with blanks', () => 'Bearer    '],
    ['a token without a scheme', (token: string) => token],
    ['a token of another scheme', (token: string) => `DPoP ${token}`],
    ['two tokens', (token: string) => `Bearer ${token} ${token}`],
    ['two tokens and a comma', (token: string) => `Bearer ${token}, Bearer ${token}`],
    ['nothing at all', () => ''],
  ])('in a header authorization with %s', async (_, headerOf) => {
    expectRefused(await ask(gateway, { authorization: headerOf(await tokenOf(rsa, { sub: ada.id })) }));
  });

  test('one that has expired is told so, as a client can get a new one', async () => {
    const { errors } = await asAda(gateway, rsa, { exp: inSeconds(-60) });
    expect(errors?.[0]?.message).toBe('the token has expired; get a new one');
  });

  test('that it has expired is told of a token of ours only', async () => {
    const { errors } = await asAda(gateway, other, { exp: inSeconds(-60) });
    expect(errors?.[0]?.message).not.toMatch(/expired/);
  });

  test('an algorithm that is not the key’s own', async () => {
    const one = await serving({ publicKey: pemOf(ecPair()) });
    expectRefused(await asAda(one));
  });

  function changed(token: string, part: number): string {
    const parts = token.split('.');
    const text = parts[part] ?? '';
    parts[part] = `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
    return parts.join('.');
  }

  function signedByHand(header: { readonly alg: string }, claims: string): Promise<string> {
    return new CompactSign(new TextEncoder().encode(claims)).setProtectedHeader(header).sign(rsa.privateKey);
  }

  function forgedBy(claims: Claims, header: object = {}): string {
    const signatureOf = (signed: string) => sign('sha256', Buffer.from(signed), rsa.privateKey).toString('base64url');
    return forged({ ...named, ...header }, claims, signatureOf);
  }
});

describe('AUTH_PUBLIC_KEY', () => {
  const file = (name: string, content: string) => {
    const at = path.join(folder, name);
    writeFileSync(at, content);
    return at;
  };

  test.each([
    ['with its line ends', () => pemOf(rsa)],
    ['with \\n for its line ends', () => pemOf(rsa).replaceAll('\n', '\\n')],
    ['with the line ends of Windows', () => pemOf(rsa).replaceAll('\n', '\r\n')],
    ['in a file', () => file('key.pem', pemOf(rsa))],
    ['of PKCS #1', () => rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
  ])('%s', async (_, key) => {
    const one = await serving({ publicKey: key() });
    expect((await asAda(one)).data).toEqual(GRANTED());
    expectRefused(await asAda(one, other));
  });

  const privatePem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  test.each([
    ['a private key', () => privatePem],
    ['a private key of PKCS #1', () => rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['a private key with \\n', () => privatePem.replaceAll('\n', '\\n')],
    ['a private key in a file', () => file('private.pem', privatePem)],
    ['a file of garbage', () => file('garbage.pem', 'garbage')],
    ['garbage in PEM', () => '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
    ['a path where nothing is', () => path.join(folder, 'nothing.pem')],
    ['a folder', () => folder],
    ['a word', () => 'secret'],
    ['nothing', () => ''],
  ])('is refused at the start if it is %s', async (_, key) => {
    const publicKey = key();
    const failure = await createIdentify({ ...CHECKED, publicKey }).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(IdentityError);
    expect(String(failure)).toMatch(/AUTH_PUBLIC_KEY takes a public key in PEM/);
    expect(String(failure)).not.toContain('PRIVATE');
    if (publicKey !== '') expect(String(failure)).not.toContain(publicKey);
  });

  test.each<[string, () => KeyObject]>([
    ['RSA of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey],
    ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey],
    ['X25519', () => generateKeyPairSync('x25519').publicKey],
  ])('is refused at the start if no token could be checked by it: %s', async (_, key) => {
    const publicKey = key().export({ type: 'spki', format: 'pem' }).toString();
    const creating = createIdentify({ ...CHECKED, publicKey });
    await expect(creating).rejects.toThrow(IdentityError);
    await expect(creating).rejects.toThrow(/AUTH_PUBLIC_KEY takes a key of RSA with 2048 bits at least/);
  });

  test('a gateway does not start with one that is none', async () => {
    await expect(start({ ...CHECKED, publicKey: privatePem })).rejects.toThrow(IdentityError);
  });
});

describe('the claims that say who it is and which roles it has', () => {
  const CLERK = '65f0000000000000000000aa';

  test.each(['a\0b', '\ud800', 'x'.repeat(256)])('a name that could not be kept is refused: %j', async (sub) => {
    expectRefused(await asAda(gateway, rsa, { sub }));
  });

  test('one user has one name, however the id is written', async () => {
    const identifyBy = await createIdentify(CHECKED);
    const names = [CLERK, CLERK.toUpperCase()].map(async (sub) => {
      const actor = await identifyBy(bearer(await tokenOf(rsa, { sub })));
      return [actor?.name, actor?.userId];
    });
    const [one, other] = await Promise.all(names);
    expect(other).toEqual(one);
  });

  test.each<[string, Partial<IdentitySettings>, Claims]>([
    ['a list', {}, { roles: ['reader', 'staff'] }],
    ['a text with blanks', {}, { roles: 'reader staff' }],
    ['a text with commas', {}, { roles: 'reader, staff' }],
    [
      'a claim with dots in its name',
      { rolesClaim: 'https://example.com/roles' },
      { 'https://example.com/roles': ['staff'] },
    ],
    ['a path', { rolesClaim: 'realm_access.roles' }, { realm_access: { roles: ['staff'] } }],
    ['a text, as scopes are', { rolesClaim: 'scope' }, { scope: 'openid staff' }],
  ])('roles by %s', async (_, identity, claims) => {
    const one = await serving(identity);
    const authorization = bearer(await tokenOf(rsa, { sub: CLERK, ...claims }));
    const { data } = await ask(one, { query: EMAIL, variables: { id: ada.id }, authorization });
    expect(data).toEqual({ user: { id: ada.id, email: 'ada@example.com' } });
  });

  test.each<[string, Partial<IdentitySettings>, Claims]>([
    ['none', {}, {}],
    ['the name of a role within another’s', {}, { roles: ['not-staff', 'staff2', 'Staff'] }],
    ['a list in a list', {}, { roles: [['staff']] }],
    ['an object', {}, { roles: { staff: true } }],
    ['a path that leads nowhere', { rolesClaim: 'realm_access.roles' }, { realm_access: null }],
    ['another claim than the one that is set', { rolesClaim: 'groups' }, { roles: ['staff'] }],
    ['what every object has', { rolesClaim: 'constructor.name' }, {}],
  ])('no role by %s', async (_, identity, claims) => {
    const one = await serving(identity);
    const authorization = bearer(await tokenOf(rsa, { sub: CLERK, ...claims }));
    const { data, errors } = await ask(one, { query: EMAIL, variables: { id: ada.id }, authorization });
    expect(data).toEqual({ user: { id: ada.id, email: null } });
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  test.each<[string, string, (id: string) => Claims]>([
    ['name', 'uid', (uid) => ({ uid })],
    ['name with dots', 'https://example.com/id', (id) => ({ 'https://example.com/id': id })],
    ['path', 'tandem.user.id', (id) => ({ tandem: { user: { id } } })],
  ])('the user by %s', async (_, userClaim, claims) => {
    const one = await serving({ userClaim });
    expect((await asAda(one, rsa, { sub: 'auth0|1', ...claims(ada.id) })).data).toEqual(GRANTED());
    expectRefused(await asAda(one, rsa));
  });

  test('a user whose id is a number is nobody', async () => {
    expectRefused(await asAda(await serving({ userClaim: 'uid' }), rsa, { uid: 7 }));
  });

  test('an id that is no user’s sees nothing, and is no fault', async () => {
    const answer = await asAda(gateway, rsa, { sub: 'auth0|1; DROP TABLE orders' });
    expect(answer).toMatchObject({ status: 200, data: { order: null } });
    expect(answer.errors).toBeUndefined();
  });
});

/** After which a key that is not known is asked for again. */
const COOLDOWN = 1_000;
const cooledDown = () => new Promise((resolve) => setTimeout(resolve, COOLDOWN + 100));

describe('the keys of a provider', () => {
  test('are fetched with the first token, and once for all that come at once and later', async () => {
    const { provider, one } = await withProvider();
    await ask(one, {});
    expect(provider.fetches).toBe(0);
    const answers = await Promise.all(Array.from({ length: 20 }, () => asAda(one)));
    for (const { data } of answers) expect(data).toEqual(GRANTED());
    expect((await asAda(one)).data).toEqual(GRANTED());
    expect(provider.fetches).toBe(1);
  });

  test('a new one is fetched when a token names it, and the old one goes when the provider drops it', async () => {
    const { provider, one } = await withProvider();
    expect((await asAda(one)).status).toBe(200);
    const next = ecPair();
    await provider.publish([rsa, next]);
    await cooledDown();
    expect((await asAda(one, next)).data).toEqual(GRANTED());
    expect((await asAda(one)).data).toEqual(GRANTED());
    expect(provider.fetches).toBe(2);
    await provider.publish([next]);
    await cooledDown();
    expectRefused(await asAda(one, other));
    expectRefused(await asAda(one));
    expect((await asAda(one, next)).data).toEqual(GRANTED());
  });

  test('tokens of unknown keys do not have them fetched each time', async () => {
    const { provider, one } = await withProvider();
    await asAda(one);
    await cooledDown();
    for (let times = 0; times < 10; times += 1) expectRefused(await asAda(one, other, {}, { kid: `unknown ${times}` }));
    expect(provider.fetches).toBeLessThanOrEqual(3);
  });

  test('are tried one after the other where a token does not name its own', async () => {
    const { provider, one } = await withProvider();
    const [first, second] = [rsaPair(), rsaPair()];
    await provider.publish([first, second], { named: false });
    for (const pair of [first, second]) {
      expect((await asAda(one, pair, {}, { kid: undefined })).data).toEqual(GRANTED());
      expectRefused(await asAda(one, pair, { exp: inSeconds(-60) }, { kid: undefined }));
      expectRefused(await asAda(one, pair, { aud: 'another' }, { kid: undefined }));
    }
    expectRefused(await asAda(one, other, {}, { kid: undefined }));
  });

  test('a key that is for encryption, and a secret, check no tokens', async () => {
    const { provider, one } = await withProvider();
    provider.keys = [
      { ...rsa.publicKey.export({ format: 'jwk' }), kid: rsa.kid, use: 'enc' },
      { kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'secret', alg: 'HS256' },
    ];
    expectRefused(await asAda(one));
    const signed = forged({ alg: 'HS256', kid: 'secret' }, {}, (text) =>
      createHmac('sha256', 'secret').update(text).digest('base64url'),
    );
    expectRefused(await ask(one, { authorization: bearer(signed) }));
  });
});

describe('a provider that is away', () => {
  function expectAway(answer: Asked): void {
    expect(answer.status).toBe(503);
    expect(answer.errors).toMatchObject([{ extensions: { code: 'IDENTITY_UNAVAILABLE', retryable: true } }]);
    expect(answer.headers.has('www-authenticate')).toBe(false);
    expect(answer.text).not.toMatch(INTERNAL);
  }

  test.each(['fails', 'garbles'] as const)(
    'and %s is nobody’s wrong token, and once it is back all is well',
    async (mood) => {
      const { provider, one } = await withProvider();
      provider.mood = mood;
      expectAway(await asAda(one));
      provider.mood = 'answers';
      await cooledDown();
      expect((await asAda(one)).data).toEqual(GRANTED());
    },
  );

  test('is told as the type that a client accepts', async () => {
    const { provider, one } = await withProvider();
    provider.mood = 'fails';
    const answer = await ask(one, { accept: RESPONSE_TYPE, authorization: bearer(await tokenOf(rsa)) });
    expectAway(answer);
    expect(answer.headers.get('content-type')).toContain(RESPONSE_TYPE);
  });

  test('and does not answer is waited for 3 seconds', async () => {
    const { provider, one } = await withProvider();
    provider.mood = 'hangs';
    const before = Date.now();
    expectAway(await asAda(one));
    expect(Date.now() - before).toBeGreaterThan(2_500);
    expect(Date.now() - before).toBeLessThan(6_000);
  }, 15_000);

  test('and takes no connections, is away; who brings no token, or none of any kind, hears so', async () => {
    const provider = await new Provider().start();
    const { url } = provider;
    await provider[Symbol.asyncDispose]();
    const one = await serving({ publicKey: null, jwksUrl: url });
    expectAway(await asAda(one));
    expect((await ask(one, {})).status).toBe(401);
    expectRefused(await ask(one, { authorization: 'Bearer x.y.z' }));
    expectRefused(await ask(one, { authorization: bearer(forged({ alg: 'none' }, {}, () => '')) }));
  });

  test('is in the log with its cause, and no token is', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
    const provider = await new Provider().start();
    onTestFinished(() => provider[Symbol.asyncDispose]());
    provider.mood = 'fails';
    const platform = Object.assign(Object.create(databases.platform) as typeof databases.platform, { logger });
    const one = await serving({ publicKey: null, jwksUrl: provider.url }, { platform });
    const token = await tokenOf(rsa, { sub: ada.id });
    expectAway(await ask(one, { authorization: bearer(token) }));
    expect(lines.join('')).toContain('the keys by which tokens are checked cannot be had now');
    expect(lines.join('')).not.toContain(token.split('.')[2]);
  });

  test('does not keep the tokens of known keys from being checked', async () => {
    const { provider, one } = await withProvider();
    await asAda(one);
    provider.mood = 'fails';
    await cooledDown();
    expectAway(await asAda(one, other));
    expect((await asAda(one)).data).toEqual(GRANTED());
  });

  test('keeps nobody out whose key is known, however long ago it was fetched', async () => {
    const { provider, one } = await withProvider();
    expect((await asAda(one)).data).toEqual(GRANTED());
    provider.mood = 'fails';
    await cooledDown();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60 * 60_000 });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { fetches } = provider;
    expect((await asAda(one)).data).toEqual(GRANTED());
    expect(provider.fetches).toBeGreaterThan(fetches);
  });

  test('is not asked again by every token: it may be away because it is asked too often', async () => {
    const { provider, one } = await withProvider();
    provider.mood = 'fails';
    for (let times = 0; times < 10; times += 1) expectAway(await asAda(one));
    expect(provider.fetches).toBeLessThanOrEqual(3);
  });
});

describe('loadConfig', () => {
  const AUTH_JWKS_URL = 'https://id.example.com/jwks.json';
  const NAMES = { AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE };
  const load = (variables: Record<string, string>) => loadConfig(variables, '/nowhere/.env').security.identity;

  test.each<[string, Record<string, string>, RegExp]>([
    ['keys without an issuer', { AUTH_JWKS_URL, AUTH_AUDIENCE: AUDIENCE }, /AUTH_ISSUER is needed/],
    ['keys without an audience', { AUTH_JWKS_URL, AUTH_ISSUER: ISSUER }, /AUTH_AUDIENCE is needed/],
    ['a public key without either', { AUTH_PUBLIC_KEY: 'key.pem' }, /AUTH_ISSUER is needed[^]*AUTH_AUDIENCE is needed/],
    ['keys with an empty issuer', { AUTH_JWKS_URL, ...NAMES, AUTH_ISSUER: '' }, /AUTH_ISSUER is needed/],
    ['AUTH=none with a URL of keys', { AUTH: 'none', AUTH_JWKS_URL, ...NAMES }, /AUTH is none, and keys/],
    ['AUTH=none with a key', { AUTH: 'none', AUTH_PUBLIC_KEY: 'key.pem', ...NAMES }, /AUTH is none, and keys/],
    ['both kinds of keys', { AUTH_JWKS_URL, AUTH_PUBLIC_KEY: 'key.pem', ...NAMES }, /are both set/],
    ['an issuer and an audience without keys', NAMES, /go with AUTH_JWKS_URL or AUTH_PUBLIC_KEY/],
    ['an AUTH that is not none', { AUTH: 'off' }, /AUTH takes none/],
    ['an issuer of blanks', { AUTH_JWKS_URL, ...NAMES, AUTH_ISSUER: '  ' }, /AUTH_ISSUER takes what the tokens/],
    [
      'a URL with a password',
      { AUTH_JWKS_URL: 'https://ada:hunter2@id.example.com/keys', ...NAMES },
      /AUTH_JWKS_URL takes a URL without a user name and a password/,
    ],
    ['a URL that is none', { AUTH_JWKS_URL: 'id.example.com', ...NAMES }, /AUTH_JWKS_URL takes a URL/],
    ['a URL of a file', { AUTH_JWKS_URL: 'file:///etc/keys', ...NAMES }, /AUTH_JWKS_URL takes a URL/],
    ['a skew that is none', { AUTH_JWKS_URL, ...NAMES, AUTH_CLOCK_SKEW: '-1' }, /AUTH_CLOCK_SKEW takes/],
  ])('refuses %s', (_, variables, message) => {
    expect(() => load(variables)).toThrow(ConfigError);
    expect(() => load(variables)).toThrow(message);
  });

  test('takes a URL of keys, a key, none, and nothing', () => {
    const usual = { issuer: ISSUER, audience: AUDIENCE, clockSkew: 5, userClaim: 'sub', rolesClaim: 'roles' };
    expect(load({ AUTH_JWKS_URL, ...NAMES })).toEqual({ ...usual, jwksUrl: AUTH_JWKS_URL, publicKey: null });
    expect(load({ AUTH_PUBLIC_KEY: 'key.pem', ...NAMES })).toEqual({ ...usual, jwksUrl: null, publicKey: 'key.pem' });
    expect(load({ AUTH: 'none' })).toBe('none');
    expect(load({})).toBeNull();
  });
});
