import { setTimeout as sleep } from 'node:timers/promises';

/** A call to create an order: repeated under its key until there is an answer. */
export interface OrderCall {
  readonly userId: string;
  readonly total: string;
  readonly transaction: 'REQUIRED' | 'EVENTUAL';
  readonly idempotencyKey: string;
}

/** What a call came to: an order's id, or the code of the error that refused it. */
export type OrderAnswer =
  | { readonly kind: 'acknowledged'; readonly orderId: string }
  | { readonly kind: 'refused'; readonly code: string }
  /** No answer that is one, for as long as somebody waits for it. */
  | { readonly kind: 'unanswered'; readonly reason: string };

interface GraphAnswer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

interface Page {
  readonly orders: {
    readonly nodes: readonly { readonly id: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const CREATE_ORDER = `mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }`;

const ORDERS = `query ($after: String) {
  orders(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } }
}`;

/** The codes that say: ask again, with the same key. */
const ASK_AGAIN = new Set(['OUTCOME_PENDING', 'USER_UNVERIFIABLE', 'POSTGRES_UNAVAILABLE', 'MONGO_UNAVAILABLE']);

/** How long one attempt, and all attempts of one call, may take, in milliseconds. */
const ATTEMPT_TIMEOUT = 15_000;
const PATIENCE = 60_000;

const PAUSE = 50;

/** A client that does what a client should: it gives each order a key, and asks again until it knows. */
export class OrderClient {
  readonly #url: string;
  readonly #stopping: AbortSignal | undefined;

  /** @param url of the graph */
  constructor(url: string, stopping?: AbortSignal) {
    this.#url = url;
    this.#stopping = stopping;
  }

  /** Asks until there is an answer. @throws when it is told to stop */
  async createOrder(input: OrderCall): Promise<OrderAnswer> {
    const until = performance.now() + PATIENCE;
    for (;;) {
      this.#stopping?.throwIfAborted();
      const reason = await this.#attempt(input);
      if (typeof reason !== 'string') return reason;
      if (performance.now() > until) return { kind: 'unanswered', reason };
      await sleep(PAUSE);
    }
  }

  /** The ids of all orders that the graph shows. */
  async orderIds(): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    let after: string | null = null;
    for (;;) {
      const answer: GraphAnswer<Page> = await this.post<Page>(ORDERS, { after });
      const { data, errors } = answer;
      if (data === null || data === undefined) throw new Error(`orders: ${errors?.[0]?.message ?? 'no answer'}`);
      const { nodes, pageInfo } = data.orders;
      for (const { id } of nodes) ids.add(id);
      if (!pageInfo.hasNextPage) return ids;
      after = pageInfo.endCursor;
    }
  }

  /** One operation, once. @throws when no whole answer comes */
  async post<Data>(query: string, variables: object): Promise<GraphAnswer<Data>> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT),
    });
    return (await response.json()) as GraphAnswer<Data>;
  }

  /** An answer, or why to ask again. */
  async #attempt(input: OrderCall): Promise<OrderAnswer | string> {
    try {
      const { data, errors } = await this.post<{ createOrder: { order: { id: string } } }>(CREATE_ORDER, { input });
      if (data !== null && data !== undefined) {
        return { kind: 'acknowledged', orderId: data.createOrder.order.id };
      }
      const code = errors?.[0]?.extensions?.code ?? 'none';
      return ASK_AGAIN.has(code) ? code : { kind: 'refused', code };
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
