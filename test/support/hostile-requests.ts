import { rounds } from './long.js';
import { Random } from '../../src/cli/seeding/random.js';
import { parts } from './limits.js';

/** A request as `fetch` takes it. */
export interface HostileRequest {
  readonly search: string;
  readonly init: RequestInit;
  /** What the client has sent: it may come back to it. */
  readonly sent: string;
}

/** How many are made, and of which seed: HOSTILE_REQUESTS=10000 HOSTILE_SEED=7 npm test -- test/abuse */
export function hostileSettings(): { readonly count: number; readonly seed: number } {
  const { HOSTILE_REQUESTS = String(rounds(400, 10_000)), HOSTILE_SEED = '1' } = process.env;
  return { count: Number(HOSTILE_REQUESTS), seed: Number(HOSTILE_SEED) };
}

/** Sound operations, over all that the graph has. */
const SOUND = [
  '{ orders(first: 3) { totalCount nodes { id total user { id username email } transactions { nodes { amount } } } } }',
  'query ($where: OrderWhere, $orderBy: [OrderOrderBy!]) { orders(where: $where, orderBy: $orderBy) { edges { cursor node { id } } pageInfo { endCursor } } }',
  'query ($id: ID!) { order(id: $id) { orderNumber userName user { orders(last: 2) { nodes { id } } } } }',
  'query ($id: ID!) { user(id: $id) { email orders { totalCount } } syncedUser(id: $id) { lagSeconds } }',
  '{ users(where: { OR: [{ power: { gt: 3 } }, { username: { contains: "a", mode: insensitive } }] }) { nodes { ...F } } } fragment F on User { id power }',
  'query ($after: String) { transactions(first: 2, after: $after) { nodes { id order { id } user { id } } } }',
  'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id total } consistencyToken } }',
  'mutation ($id: ID!) { updateOrder(id: $id, input: { total: "1.50" }) { order { id } } }',
  'mutation ($id: ID!) { updateUser(id: $id, input: { username: "x" }) { user { id } } deleteOrder(id: $id) { order { id } } }',
  '{ __schema { types { name fields { name type { name ofType { name } } } } } }',
  'query A { orders { totalCount } } query B { users { totalCount } }',
];

/** What is put where something sound stood. */
const SCRAPS = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  '!',
  '$',
  '@',
  '...',
  '"',
  '"""',
  ':',
  '|',
  '#',
  '\\',
  '\u0000',
  '\ud800',
  '\u202e',
  '💣',
  '2147483647',
  '-2147483649',
  '1e400',
  '0x1F',
  '.5',
  'null',
  'true',
  '@include(if: $x)',
  '@skip(if: "no")',
  '@defer',
  '...F',
  '... on Order { id }',
  'fragment F on User { ...F }',
  'orders { orders }',
  'a: __typename',
  '__typename',
  '{ $ne: null }',
  '"; DROP TABLE orders; --"',
  '"\\u0000"',
  '"\\ud800"',
  'first: 2147483647',
  'last: -1',
  'first: 1.5',
  'where: { NOT: [{ NOT: [{ NOT: [] }] }] }',
  'orderBy: [{ total: asc, id: desc }]',
  'mutation',
  'subscription { x }',
];

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  1e308,
  '',
  ' ',
  'x',
  '\u0000',
  '\ud800',
  '0'.repeat(5_000),
  '000000000000000000000000',
  'ffffffffffffffffffffffff',
  '00000000-0000-4000-8000-000000000000',
  '99999999.999',
  '1e5',
  'NaN',
  [],
  {},
  [[[[]]]],
  { $ne: null },
  { $where: 'sleep(9999)' },
  { __proto__: null, constructor: { prototype: {} } },
  { total: { gt: { $gt: '' } } },
  { AND: [{ OR: [{ NOT: [{}] }] }] },
  { id: { in: Array.from({ length: 300 }, () => 'x') } },
  { total: 'asc' },
  [{ total: 'asc' }],
  { userId: 'ffffffffffffffffffffffff', total: '5', transaction: 'REQUIRED' },
  { userId: 7, total: {}, extra: [] },
];

/** The requests of a seed, one after the other: broken, huge, deep, of the wrong kind, or sound with odd values. */
export class HostileRequests {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed, 0);
  }

  next(): HostileRequest {
    const query = this.#query();
    const variables = this.#variables();
    switch (this.#random.below(12)) {
      case 0:
        return this.#get({ query, variables: JSON.stringify(variables) });
      case 1:
        return this.#get({ query: this.#pick(SCRAPS), extensions: this.#pick(SCRAPS), variables: '{' });
      case 2:
        return this.#post(this.#broken(JSON.stringify({ query, variables })));
      case 3:
        return this.#post(JSON.stringify(this.#pick(VALUES)));
      case 4:
        return this.#post(
          JSON.stringify({
            query: this.#pick(VALUES),
            variables: this.#pick(VALUES),
            operationName: this.#pick(VALUES),
          }),
        );
      case 5:
        return this.#post(JSON.stringify({ query, variables, extensions: { persistedQuery: this.#pick(VALUES) } }));
      case 6:
        return this.#post(
          JSON.stringify({ query }),
          this.#pick(['text/plain', 'application/xml', 'application/json; charset=utf-99', 'multipart/form-data']),
        );
      default:
        return this.#post(
          JSON.stringify({
            query,
            variables,
            ...(this.#random.below(4) === 0 ? { operationName: this.#pick(['A', 'B', 'x']) } : {}),
          }),
        );
    }
  }

  #query(): string {
    let query = this.#pick(SOUND);
    const times = this.#random.below(5);
    for (let time = 0; time < times; time += 1) query = this.#broken(query);
    return this.#random.below(25) === 0 ? bomb(this.#random.below(5)) : query;
  }

  #broken(text: string): string {
    const at = this.#random.below(text.length + 1);
    switch (this.#random.below(4)) {
      case 0:
        return text.slice(0, at) + text.slice(at + 1 + this.#random.below(8));
      case 1:
        return `${text.slice(0, at)} ${this.#pick(SCRAPS)} ${text.slice(at)}`;
      case 2:
        return text.slice(0, at) + text.slice(this.#random.below(text.length + 1));
      default:
        return text.replace(/\b\d+\b|"[^"]*"/, this.#pick(SCRAPS));
    }
  }

  #variables(): Record<string, unknown> {
    const names = ['id', 'where', 'orderBy', 'after', 'input', 'x'];
    return Object.fromEntries(names.filter(() => this.#random.below(3) > 0).map((name) => [name, this.#pick(VALUES)]));
  }

  #get(parameters: Record<string, string>): HostileRequest {
    const headers = { 'apollo-require-preflight': 'yes' };
    const search = new URLSearchParams(parameters).toString();
    return { search: `?${search}`, init: { method: 'GET', headers }, sent: Object.values(parameters).join(' ') };
  }

  #post(body: string, type = 'application/json'): HostileRequest {
    return { search: '', init: { method: 'POST', headers: { 'content-type': type }, body }, sent: body };
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)] as T;
  }
}

/** One of each kind that grows by itself. */
function bomb(kind: number): string {
  switch (kind) {
    case 0:
      return `{ ${parts(1_000, (at) => `a${at}: __typename`)} }`;
    case 1:
      return `{ orders ${'@include(if: true) '.repeat(500)} { totalCount } }`;
    case 2:
      return `{ ...F0 } ${parts(60, (at) => `fragment F${at} on Query { ...F${at + 1} ...F${at + 1} }`)} fragment F60 on Query { orders { totalCount } }`;
    case 3:
      return `{ orders { nodes ${'{ user { orders { nodes '.repeat(40)} { id } ${'} } }'.repeat(40)} } }`;
    default:
      return `{ ${parts(300, (at) => `o${at}: orders(first: 100) { nodes { user { orders(first: 100) { nodes { id } } } } }`)} }`;
  }
}
